# Every sentence on our pages, in English. Syntax: https://projectfluent.org/fluent/guide/
# The text of a message is its heading or its label; `.note` says what it means or what to do.
# A test sees to it that every file here has the same messages and names the same things.

moment = { $time } ({ $zone }) on { $day }{ "\u00A0" }{ month }
moment-dated = { $day } { month } { $year }, { $time } { $zone }
month = { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
}

## The guest

guest-hi = Hi
guest-visit = Visit to
guest-until = until
guest-preview = Open this link on your phone when you are at the gate.
guest-step-link = Open your link
guest-step-scan = Scan the QR code on the board
guest-step-code = Type your 4-digit code
guest-reference = Reference
guest-code = 4-digit code
guest-code-title = four digits
guest-open = Open the gate
guest-open-out = Open the gate to leave
guest-show-pass = Show your pass
guest-look-again = Look again
guest-moment = One moment…
guest-lost = No answer came. Check your connection and press once more; the gate still opens only once.
guest-call = Call your host
guest-call-ask = How to reach your host

# without a pass
guest-welcome = Fluss+ one-time access
    .note = Open the link your host sent you.
guest-unknown = This link does not work
    .note = Open the link in your message again. If that does not help, or if you scanned an old board, ask your host.
guest-from-elsewhere = That button was not ours
    .note = Nothing happened. Open the link in your message again and use the button there.
guest-another-pass = Open your link again
    .note = This browser has opened another pass since. Nothing happened; open the link in your message again.

# on the way in
guest-scan = Scan the board at the gate
    .note = Point your phone's camera at the QR code; the page it opens asks for your code.
guest-gate-there = The gate is connected at the moment.
guest-scan-here = Scan here
camera-stop = Stop the camera
guest-no-camera = This page may not use the camera. Point your phone's camera app at the board, or take a picture of it here.
guest-picture = Take a picture of the board instead
guest-picture-send = Send the picture
guest-picture-without-board = No board on this picture
    .note = Take another from closer by, with the whole QR code on it.
guest-picture-unread = This picture cannot be read
    .note = Take another, as JPEG or PNG of at most 6 MB, or point your phone's camera app at the board.
guest-picture-cut-off = This picture did not arrive whole
    .note = Your connection is slow now. Point your phone's camera app at the board instead.
guest-picture-busy = Too many pictures at once
    .note = Try again in a moment, or point your phone's camera app at the board.
guest-type-code = Type your code
    .note = The four digits are in the message from your host.
guest-type-reference = Type your reference and your code
    .note = This browser does not know your pass. Both are in the message from your host.
guest-wrong-board = Your pass is for { $place }
    .note = This board is at another gate. Scan the one at yours.
guest-wrong-board-here = Your pass is for another gate
    .note = This board is at another gate. Scan the one at yours.

# while a gate is asked to open
guest-opening = Opening…
    .note = Please wait at the gate.
guest-no-answer = Still waiting
    .note = No answer from the gate yet. Your pass is kept; this page updates when the gate reports.
guest-away-entry = The gate is offline
    .note = The gate is not reachable right now. Your pass is not used. This page tells when the gate is back.
guest-away-exit = The gate is offline
    .note = The gate is not reachable right now. Your way out is not used. This page tells when the gate is back.
guest-away-pressed = The gate is offline
    .note = The gate is not reachable right now. { $leg ->
        [exit] Your way out is not used.
       *[entry] Your pass is not used.
    } Try again in a moment.
guest-suspended = This gate needs your host
    .note = The gate was changed, and your host must choose it anew. Your pass is not used; try again afterwards.

# it did not open; `leg` is `entry` or `exit`, `why` is as below
guest-not-opened = The gate did not open: { $why ->
    [cancelled] your host cancelled it.
    [late] the request came too late.
    [connection] the gate had lost its connection.
    [soon] it has just moved.
   *[fault] the gate has a fault; tell your host if it stays.
} { guest-kept }
guest-kept = { $leg ->
    [exit] Your way out is not used.
   *[entry] Your pass is not used.
} { $why ->
    [soon] Press again in a moment.
   *[other] You can try again.
}

# inside, and at the end
guest-gate-open = Gate is open. Welcome.
    .note = To leave, type your code at the gate. You need not scan the board.
guest-said-late = The gate says that it was opened for you
    .note = Its word came late. If you are still outside, call your host: your way in is used. If you are inside, type your code to open the gate to leave.
guest-inside = You are inside
    .note = To leave, type your code at the gate. You need not scan the board.
guest-goodbye = Goodbye
    .note = You are out, and your pass is used up. Thank you for your visit.
guest-cancelling = Cancelled by your host
    .note = Your host has cancelled this pass while the gate was asked to open. If it opens now, that was on its way before.
guest-cancelled = Cancelled by your host
    .note = Your host has cancelled this pass. It opens no gate any more.
guest-cancelled-inside = Cancelled by your host
    .note = Your host has cancelled this pass. Ask your host to let you out.
guest-expired = Your pass has expired
    .note = Ask your host for a new one.
guest-expired-inside = Your time is over
    .note = Your pass has expired. Ask your host to let you out.
guest-locked = Too many wrong codes
    .note = This link is locked now. Ask your host for help.

# after a press of the button that opened nothing
guest-not-four-digits = Try again
    .note = Type the four digits of your code.
guest-not-a-reference = Try again
    .note = Type the reference as it stands in your message: ten letters and digits.
guest-used-entry = Your way in is used
    .note = A pass opens the gate once in and once out.
guest-used-exit = Your way out is used
    .note = A pass opens the gate once in and once out.
guest-not-entered = You have not entered yet
    .note = To enter, scan the board at the gate.
guest-already-opening = This pass is being used right now
    .note = Wait a moment; your pass shows what the gate does.
guest-scan-again = Scan the board again
    .note = The scan must be less than five minutes old. Then type your code.
guest-wrong-code = Try again
    .note = That code is not right. { $tries ->
        [one] 1 try left.
       *[other] { $tries } tries left.
    }
guest-wait = Wait a moment
    .note = Try again in { $seconds ->
        [one] 1 second.
       *[other] { $seconds } seconds.
    }
guest-too-many = Too many tries
    .note = Wait ten minutes and try again, or ask your host.

## The owner's console

console-devices = Devices
console-sign-out = Sign out

sign-in = Sign in
    .note = We send a one-time pin to your own number. There is no password.
sign-in-phone = Mobile number
sign-in-channel = How do you want to get the pin?
sign-in-whatsapp = WhatsApp
sign-in-sms = SMS
sign-in-recommended = (recommended)
sign-in-closed = (does not work at the moment)
sign-in-send = Send the pin
sign-in-to-pin = Type the pin that was sent
sign-in-help = No pin?
sign-in-help-whatsapp = WhatsApp must be linked to the same phone number.
sign-in-help-dual-sim = With two SIM cards, the SMS arrives on the SIM of the number that you typed.
sign-in-help-both = If one way does not work, take the other. If neither does, wait a moment and try again, or contact support.
sign-in-help-app = Signing in here signs you out of the app on your phone, and the other way round.
sign-in-displaced-by-app = You were signed out here because the app was signed in with your number.
sign-in-displaced-by-dashboard = You were signed out here because another browser was signed in with your number.
sign-in-ended-by-system = You were signed out here by the system. Sign in again.

pin = Type your pin
    .note = It has six digits and works for ten minutes. Never share it, not even with an installer.
pin-by-whatsapp = We sent a pin to your WhatsApp.
pin-by-sms = We sent a pin by SMS.
pin-label = One-time pin
pin-none = Nothing arrived?
pin-again-whatsapp = Send another by WhatsApp
pin-again-sms = Send another by SMS
pin-other-number = Use another number
pin-too-soon = A pin was just sent. You can have another one in { $seconds ->
    [one] 1 second
   *[other] { $seconds } seconds
}.
pin-too-many = Too many pins were sent to this number. You can have another one in { span }.

second-factor = One more code
    .note = Your account has a second factor. Type the code that your authenticator app shows, or one of your recovery codes.

account = Account
account-number = Change your number
account-app = Authenticator app
account-sim = Is your phone lost, or your SIM blocked? Contact support, so that nobody else signs in with your number.
account-sign-out = Sign out of this browser
account-go-on = Go on
proof = Is it you?
    .note = Changes to your account need a fresh pin. We send it to your own number.
number = Your new number
    .note = Type it, and we send a pin to it. Your devices and codes stay with you; the old number no longer signs in to this account.
number-pin = Type the pin
    .note = We sent it to your new number. It has six digits and works for ten minutes.
number-change = Change the number
app = Authenticator app
    .note = A second factor protects your account when somebody takes over your number: signing in then needs a code of an app on your phone, too. Any app for one-time codes will do.
app-begin = Set it up
app-is-on = On since
app-is-off = Off. A pin alone signs in.
app-codes-left = { $codes ->
        [one] One recovery code left
       *[other] { $codes } recovery codes left
    }
app-secret = Add Fluss+ to your app
    .note = Scan the picture with your authenticator app. Then type the code that it shows, within ten minutes.
app-qr = QR code for your authenticator app
app-open = Open it in an app on this device
app-by-hand = Or type this key into the app:
app-code = Code
app-on = Turn it on
app-again = Try the next code
    .note = Type the code that your app shows now. If that does not help, go back and set it up anew.
app-turn-off = Turn the app off
    .note = The app is on. To turn it off, type a code that it shows, or a recovery code. A pin alone signs in then.
app-off = Turn it off
recovery = Your recovery codes
    .note = Each signs in once in the place of the app, when your phone is gone. Write them down and keep them safe: they are not shown again.
recovery-kept = I have kept them

devices-none = There is no device on your account yet.
device-kind = Kind
device-gate = Gate
device-intercom = Intercom
device-serial = Serial number
device-state = State
device-online = online
device-offline = offline
device-shared = shared with you
calls = Calls from guests
    .note = Whether guests in need of help see your number
calls-help = Where only you can help, a guest's page can show a button that calls you: when the gate is not reachable, when the pass is locked, cancelled or expired. It shows your own number, until a day after the end of the code.
calls-allow = Guests may call me on
one-time-access = One Time Access
    .note = Active codes, and a new one for a guest
settings = One Time Access Settings
    .note = Which gates open, how many codes, how long
console-back = Back
console-save = Save

done-saved = Saved. New codes use the new limit and duration; the gates are used from now on.
done-changed = Saved.
done-number = Your number is changed.
done-app-on = The app is on.
done-app-off = The app is off. A pin alone signs in.
done-claimed = The device is on your account.
done-deleted = Deleted. The code opens nothing any more, and its place is free.

# a span of time, in messages that name `hours` and `minutes`
span = { $hours ->
    [0] { $minutes ->
        [0] less than a minute
       *[other] { $minutes } min
    }
   *[other] { $hours } h { $minutes } min
}

device-quarantined = This gate is kept out: two devices seem to hold its key.
device-revoked = This gate is kept out for good. Only other hardware brings it back.
device-needs-settings = Codes can be sent once its owner has saved the One Time Access Settings.

claim = Add a device
    .note = The code on its label puts a device on your account, once.
claim-code = Code on the label
    .note = Fifteen letters and digits, like 0A1B2-C3D4E-F5G6H.
claim-camera = Read it with the camera
    .note = The camera cannot be used. Type the code.
claim-name = Name
    .note = If you leave it out, the device keeps the name on its label.
claim-button = Add
claim-unknown = No device has this code. Compare it with the label.

rename = Name
    .note = What you and your guests call it
rename-name = Name of the device

setting-entry-gate = Entry Device
    .note = Which gate opens when a guest enters the code.
setting-exit-gate = Exit Device
    .note = Which gate opens when the guest leaves.
setting-max-users = Max Users
    .note = How many codes can be active at the same time.
setting-duration = Invite Duration
    .note = How long each new code stays valid.
setting-applies-now = applies now
setting-applies-to-new = applies to new codes
setting-choose-gate = Choose a gate
setting-same-as-entry = Same as entry
setting-gate = { $name }
setting-codes = { $codes }
setting-hours = { $hours ->
    [one] 1 hour
   *[other] { $hours } hours
}
settings-no-gate = There is no gate on your account. Add a gate first.
settings-saved-meanwhile = Saved meanwhile:
settings-tip = Tip: lower limits are safer. If you expect one or two guests a day, 2 keeps you from making too many codes by accident.
settings-unsaved = Save your changes?
settings-discard = Discard

codes-taken = { $active } of { $limit } codes are active.
codes-full = { $active } active, limit { $limit }: { $must_end ->
    [one] 1 must end
   *[other] { $must_end } must end
} before a new code can be made. That is at { $at } at the latest; or delete a code.
codes-new = New code
codes-none = No code is active. Make one with +.
codes-active = Active codes
codes-perhaps-inside = Perhaps still inside
    .note = These guests came in and did not leave with their code, which has ended. You can let them out.

visit-waiting = waiting for the guest
visit-entering = at the gate
visit-inside = inside for { span }
visit-leaving = leaving; inside for { span }
visit-completed = was in and out; left at { $at }
visit-expired = expired unused at { $at }
visit-expired-inside = expired at { $at }; no exit recorded
visit-deleted = deleted at { $at }
visit-deleted-inside = deleted at { $at }; no exit recorded
visit-perhaps-inside = { $guest } may be inside, and this code lets nobody out any more. You can.

# what becomes of an opening; `leg` is `entry` or `exit`
opening-way = { $leg ->
    [exit] the way out
   *[entry] the way in
}
opening-asked = Opening for { opening-way }…
opening-silent = No answer from the gate yet for { opening-way }. This page tells when it reports.
opening-opened = The gate opened for { opening-way } at { $at }.
opening-said-late = The gate said at { $at } that it had opened for { opening-way }, or lost its power just before.
opening-before-cancel = The gate opened for { opening-way } before it could be stopped, at { $at }.
opening-cancelling = An opening for { opening-way } was on its way. It ends within 8 seconds: this page tells which way.
opening-cancelling-silent = Nothing can open any more. Whether the gate had opened for { opening-way }, this page tells when it reports.
opening-not = The gate did not open for { opening-way }: { $why ->
    [cancelled] it was stopped in time.
    [late] the request came too late.
    [connection] it had lost its connection.
    [soon] it had opened for somebody else a moment before.
   *[fault] it has a fault.
}

code-left = { span } left
code-digits = Access code
code-recipient = Recipient
code-time = Remaining time
code-link = Link
code-link-works = works
code-link-locked = locked after too many wrong codes; let the guest through yourself, or make a new one
code-link-ended = opens nothing any more
code-by-you = Made by you
code-by-other = Made by somebody else
code-gate-away = The gate is not reachable right now. The guest would not get through.
code-send-again = Send it again

delete = Delete access for { $guest }?
    .note = The code stops working at once, for the way in and the way out. This cannot be undone.
delete-button = Delete

let-in = Let { $guest } in?
    .note = The gate opens now, and the way in of this code is used.
let-in-button = Let in
let-out = Let { $guest } out?
    .note = The gate opens now, and the way out of this code is used.
let-out-button = Let out

history = History
    .note = Codes that have ended, the latest first.
history-none = No code has ended yet.

invite = Invite
    .note = One code is for one person, once in and once out. For more people, make more codes.
invite-contact = Choose one contact
invite-name = Name
    .note = Of one guest.
invite-mobile = Mobile
    .note = With its country code, or as you dial it.
invite-generate = Generate

send = One-Time Access
    .note = Your own app sends the message; it is filled in already.
send-for = For
send-until = until
send-how = Share the code
send-copy = Copy
send-copied = Copied.
send-sms = SMS
send-whatsapp = WhatsApp
send-email = Email
send-message = Message to the guest
send-details = Show the code
send-language = Language of the message:

# the message to the guest, in the language that its sender chooses
share-subject = Your access to { $place }
share-text =
    Hi { $guest }, you can enter and leave { $place } once.

    Code: { $code }
    Link: { $link }
    Valid until { $until }

    1. Open the link.
    2. Scan the QR code on the intercom.
    3. Enter the code. To leave, open the link again.

    Reference, if the page asks for it: { $reference }

board = Print the board
    .note = The QR code for the wall beside the gate
board-how = Print it on A5 paper, not smaller than it is, and keep it dry. Whoever can read the code can scan it: it opens nothing without a guest's link and digits.
board-by-hand = The PDF has no letters for this name and leaves a line to write it on. To print it with the name, open the picture and print that.
board-pdf = PDF to print
board-svg = Picture (SVG)
board-picture = The board: its name, the QR code, and three steps
board-step-link = Open the link in your message
board-step-scan = Scan this code with your camera
board-step-code = Type your four digits

## What a field of a form expects, by its name

field-phone = Type a mobile number, with its country code like +27 82 123 4567.
field-pin = Type the six digits of the pin.
field-code = Type the six digits that the app shows, or a recovery code.
field-name = Type a name of 1 to 80 characters.
field-mobile = Type the guest’s mobile number, with its country code like +27 82 123 4567.
field-claim-code = Type the fifteen letters and digits on the label.
field-entry-gate = Choose a gate on your own account.
field-exit-gate = Choose a gate on your own account, or the same as entry.
field-max-active-codes = Choose 1, 2, 5, 10, 25 or 50.
field-invite-duration-hours = Choose whole hours from 1 to 24.

## Every answer that is not "here you are", by its code

problem-malformed = The request could not be read.
problem-invalid-request = A field is not as expected.
problem-not-found = There is no such thing, or it is not yours to see.
problem-method-not-allowed = This address does not do that.
problem-timeout = The request took too long.
problem-too-large = The request is too large.
problem-not-json = Send the body as application/json.
problem-not-form = Send the body as application/x-www-form-urlencoded.
problem-foreign-form = This form is not from a page of ours.
problem-too-many-requests = Too many requests; wait a moment.
problem-idempotency-key-required = Send an Idempotency-Key of 1 to 128 characters.
problem-idempotency-mismatch = This button was pressed before for something else. Open the page again.
problem-precondition-required = Open the page again before you save.
problem-precondition-failed = Somebody saved meanwhile; look at what they saved.
problem-session-missing = Sign in first.
problem-session-displaced = You were signed out by a newer sign-in with your number.
problem-session-ended = You were signed out by the system; sign in again.
problem-step-up-needed = Prove first by a fresh pin that it is you.
problem-number-held = You signed in not long ago. This can be done a day after.
problem-number-in-use = This number has an account of its own.
problem-second-factor-needed = Now type a code of your authenticator app.
problem-second-factor-on = There is a second factor; turn it off first.
problem-second-factor-off = There is no second factor.
problem-otp-invalid = The pin is not valid.
problem-otp-expired = The pin has expired; request a new one.
problem-otp-too-many = Too many wrong pins; request a new one.
problem-number-locked = Too many wrong pins were typed for this number. Contact support.
problem-otp-too-soon = A pin was just sent; wait before the next one.
problem-channel-unavailable = The pin could not be sent this way.
problem-country-blocked = Pins are not sent to this country; contact support.
problem-not-owner = Only the owner may do this.
problem-no-permission = The owner has not given you permission for this.
problem-user-not-found = Nobody has signed in with this number yet.
problem-already-theirs = The device is on this account already.
problem-already-claimed = This device is on another account.
problem-already-enrolled = This gate is in use; its label admits nobody any more.
problem-certificate-refused = This certificate does not admit the gate any more.
problem-renewal-too-early = This certificate is young; renew it later.
problem-not-a-gate = This device is no gate.
problem-not-a-spare = Only a gate that nobody has claimed or connected can replace another.
problem-not-an-intercom = Only intercoms have one-time access.
problem-gate-not-owned = Choose a gate on your own account.
problem-settings-missing = Save the one-time access settings first.
problem-gate-missing = A gate of the settings is not on this account any more. Choose one and save.
problem-limit-reached = All codes are in use; revoke one or wait for one to end.
problem-no-digits-left = All digits were given out within a day; try again later.
problem-one-contact-only = One code is for one person; create another code.
problem-too-many-webhooks = Ten webhooks are enough; end one first.
problem-not-active = The code has ended; there is nothing to revoke.
problem-code-wrong = The code is wrong.
problem-code-wait = Wait a moment before the next try.
problem-link-locked = Too many wrong codes. Ask your host.
problem-wrong-intercom = Your pass is for another gate.
problem-scan-required = Scan the board at the gate first.
problem-pass-expired = The pass has expired.
problem-pass-revoked = The pass was cancelled.
problem-pass-used = The pass has been used for this way already.
problem-not-entered-yet = Nobody has entered with this pass yet.
problem-already-opening = This pass is being used right now.
problem-gate-offline = The gate is not reachable right now. The pass is not used.
problem-pass-suspended = The gate must be chosen anew in the settings. The pass is not used.
problem-busy = Too much at once; try again in a moment.
problem-unavailable = Not available right now; try again in a moment.
problem-internal = Something went wrong on our side.

## People a device is shared with

problem-not-csv = The list could not be read. Save it as CSV in UTF-8.
problem-no-wifi-access = The owner has not allowed you to open over Wi-Fi.
problem-access-not-now = Your access does not hold at this time.
problem-already-shared = The device is shared with this number already. Change what they may on their page.
problem-invitation-too-long = Tenants may not invite for so long.
problem-too-many-invitations = You have as many guests as tenants may. End an invitation, or wait for one to end.
problem-too-many-people = The device is shared with as many people as it can be.
people = Users
    .note = Who may use this device, and how.
people-none = Nobody has been invited yet.
people-invite = Invite somebody
done-invited = Invited. They see the device when they sign in with their number.
done-removed = Removed. The device is gone from their list.
access = Access
access-own = Your access
access-choose = Which access do they get?
access-full = Full
    .note = Always. May invite everybody and manage users; the One Time Access Settings stay the owner’s.
access-tenant = Tenant
    .note = Always. May invite guests for short times, within the tenant settings.
access-always = Always
    .note = Always. May invite nobody.
access-repeat = Repeat
    .note = On some days of the week, at some hours.
access-temporary = Temporary
    .note = From one moment until another; then it ends by itself.
person-until = until { $at }
person-from = from { $at }
person-not-now = not at this time
person-ended = ended { $at }
person-type = Change the type
person-phone = Mobile number
    .note = With its country code, or as you dial it in your country.
person-name = Name
    .note = What you call them. Only who manages users sees it.
person-notes = Notes
    .note = What you want to remember about them, like the number of their flat.
person-days = Days
    .note = The days on which the hours begin.
person-begins = From
    .note = By the clock at the device:
person-ends = Until
    .note = A time that is not after “From” is one of the next day.
person-ends-itself = Then the access ends by itself.
person-wifi = May open over Wi-Fi, from wherever they are
person-grant = May send one-time codes, and see and delete all codes of this intercom
person-remove = Remove
person-remove-ask = Remove { $name }?
    .note = The device disappears from their app at once, and whatever they set up with it stops.
person-also-codes = { $codes ->
        [one] Also delete the code they made
       *[other] Also delete the { $codes } codes they made
    }
    .note = Unless you tick this, it goes on until its time is over.
person-also-guests = { $guests ->
        [one] Also remove the guest they invited
       *[other] Also remove the { $guests } guests they invited
    }
    .note = Unless you tick this, it goes on until its time is over.
person-also-both = Also delete the codes they made ({ $codes }) and remove the guests they invited ({ $guests })
    .note = Unless you tick this, both go on until their time is over.
tenants = Tenant settings
    .note = For how long tenants may invite guests, and how many at once.
tenants-help = They hold for all tenants at once, for those who are here already, too.
tenants-length = { span }
tenants-longest = Longest invitation
    .note = No guest of a tenant comes and goes for longer than this.
tenants-most = Guests at once
    .note = From 1 to 100 for each tenant. A place is free again when an invitation ends.
import = Import a list
    .note = Many users at once, from a spreadsheet.
import-help = One user a line: name, mobile number, notes. A first line with the names of the columns is skipped. At most 1,000 lines.
import-type = Everybody on the list who is new gets this. Who is here already keeps what they have.
import-file = A CSV file
import-list = Or paste the list
    .note = Local numbers are taken for numbers of your own country.
import-look = Look what would happen
import-do = Import
import-would = Nothing has been changed yet. New: { $added }. Here already: { $there }. Not taken: { $bad }.
import-did = Imported. New: { $added }. Here already: { $there }. Not taken: { $bad }.
import-header = Line { $line }: names of the columns, skipped
import-will-add = Line { $line }: will be added
import-added = Line { $line }: added
import-there = Line { $line }: here already, unchanged
import-duplicate = Line { $line }: the same number as line { $of }, not taken
import-bad-phone = Line { $line }: this is no mobile number, not taken
import-bad-name = Line { $line }: the name is too long or has odd characters, not taken
import-bad-notes = Line { $line }: the notes are too long or have odd characters, not taken
import-bad-columns = Line { $line }: there are more columns than name, number and notes, not taken
day-monday = Monday
day-tuesday = Tuesday
day-wednesday = Wednesday
day-thursday = Thursday
day-friday = Friday
day-saturday = Saturday
day-sunday = Sunday
field-days = Choose at least one day.
field-from = Choose from when on.
field-until = Choose a time that is later and has not passed.
field-notes = Type at most 500 characters.
field-longest-invitation-minutes = Choose from 15 minutes to three days.
field-max-active-invitations = Type a number from 1 to 100.
code-by-former = Made by a former user
