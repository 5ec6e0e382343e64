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
    [soon] it has just moved, or just got power.
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
    .note = Your pass has expired, and your host can see that you are still inside. Ask your host to let you out.
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
    [soon] it had opened for somebody else, or got power, a moment before.
   *[fault] it has a fault.
}

code-left = { span } left
code-digits = Access code
code-recipient = Recipient
code-time = Remaining time
code-link = Link
code-link-works = works
code-link-locked = locked after too many wrong codes
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
let-through-erased = Let this guest through, whose name was erased?
    .note = The gate opens now, and this way of the code is used.

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
problem-not-active = The code has ended.
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
problem-gate-offline = The gate is not reachable right now. Nothing is used up or sent later.
problem-pass-suspended = The gate must be chosen anew in the settings. The pass is not used.
problem-busy = Too much at once; try again in a moment.
problem-unavailable = Not available right now; try again in a moment.
problem-internal = Something went wrong on our side.

## The end of a visit

guest-in-grace = Your time is over, and you can still leave
    .note = Type your code to leave. Your pass lets you out until { $at }, and nobody in.

setting-grace = Exit Grace
    .note = How long after the end of a code its guest can still leave. Without one, you let out who is late.
setting-minutes = { $minutes ->
    [0] none
    [30] 30 minutes
    [120] 2 hours
   *[other] 48 hours
}
field-exit-grace-minutes = Choose none, 30 minutes, 2 hours or 48 hours.

visit-in-grace = its time is over; can still leave until { $at }
visit-ends-soon = { $guest } is still inside. This code lets them out until { $at }; after that only you can.
visit-may-leave = { $guest } is still inside though the time is over, and can leave until { $at }. You can let them out, too.

codes-gate-away = { $gate } is not reachable right now. Guests would not get through there.
codes-suspended = A gate of the settings is not on this account any more. No code opens until the owner chooses one and saves.

code-locked = Wrong codes were typed five times with this link, so it takes none any more. If that was your guest, allow five more; or let the guest through yourself.
allow-more-button = Allow 5 more

## Privacy, plans, and what takes a device’s place

guest-erased = guest (erased)
device-plan = Plan
device-plan-home = Home
device-plan-commercial = Commercial
device-report = Last report
device-firmware = Firmware
plan = Plan
    .note = What the device is used for
plan-which = The device is used for
plan-give = Give the plan to another device
    .note = For a device that takes this one’s place. This one has no plan any more then.
plan-to = To
plan-give-button = Give the plan
replace = Replace the hardware
    .note = For a faulty gate: put a spare in its place
replace-help = The gate keeps its name, its settings, its people and its codes. Until the spare is connected it opens for nobody. The hardware before it is kept out from then on, for good.
replace-code = Code on the label of the spare
    .note = Fifteen letters and digits. Nobody has added the spare to an account, and it was never connected.
replace-button = Replace
done-plan = The plan was given.
done-replaced = Connect the spare now: it takes this gate’s place.
field-plan = Choose a plan.
problem-plan-missing = This device has no plan to give.
problem-plan-taken = The other device has a plan of its own.
problem-other-kind = A plan goes to another device of the same kind only.

## Another owner, what happened, and webhooks

transfer = Give to another owner
    .note = Settings, codes, people and history go along
transfer-what-intercom = The intercom goes to another account with its settings, its active codes, the people it is shared with, and its history. You can still send codes and see them, until its new owner ends that.
transfer-what-gate = The gate goes to another account. Codes of intercoms that stay with you open it no more: they wait until you choose another gate in the settings.
transfer-for-good = This happens at once and for good. Only the new owner can give it back.
transfer-to = The new owner’s mobile number
    .note = They must have signed in here before.
transfer-along = Gates that go along
    .note = Without its gates the intercom’s codes open nothing until its new owner chooses other gates.
transfer-held = You signed in not long ago. For your safety this can only be done after { $at }.
    .note = If somebody else is asking you to give a device away, do not.
transfer-sure = Give it away for good?
    .note = Compare the number with that of the new owner. Nobody can undo this for you.
transfer-device = Device
transfer-goes = Goes along
transfer-stays = Stays with you
transfer-understood = I know that this cannot be undone.
transfer-button = Give it away
done-given = It is on the new owner’s account now. You can still use it as somebody it is shared with.
done-given-gate-suspended = It is on the new owner’s account now. Codes of your intercoms that used it open nothing until you choose another gate in their settings.
done-given-suspended = It is on the new owner’s account now. Its codes open nothing until they choose a gate in the settings: tell them.

take-off = Take it off my account
    .note = When you move out, or the gate is no more
take-off-ask = Take { $name } off your account?
    .note = Nobody it was shared with opens it any more, and neither do your API keys. Codes of intercoms that use it wait until you choose another gate in their settings. Whoever has its label can put it on their account.
take-off-button = Take it off
done-taken-off = The gate is off your account.
done-taken-off-suspended = The gate is off your account. Codes of intercoms that used it open nothing until another gate is chosen in their settings.

story = What happened
    .note = Openings, codes, people and changes
story-show = Show
story-all = All
story-openings = Openings
story-codes = Codes
story-people = People
story-settings = Settings
story-device = Device
story-none = Nothing is written down here yet.
story-older = Older
story-latest = Back to the latest
story-by = by { $who }
story-by-you = by you
story-by-former = by a former user
story-by-other = by somebody else
story-for = For { $who }
story-for-you = For you
story-for-former = For a former user
story-for-other = For somebody else

event-device-claimed = Added to an account
event-owner-transferred = Given to another owner
event-device-enrolled = Set up by the installer
event-device-renewed = Its certificate was renewed
event-device-revoked = Kept out for good
event-device-replaced = Its hardware was replaced
event-device-quarantined = Kept out: two devices seem to hold its key
event-device-released = Let in again
event-device-pulse-gap-set = The pause between two openings was changed
event-settings-saved = Settings saved
event-grant-added = Permission to send codes given
event-grant-removed = Permission to send codes taken away
event-pass-issued = Code made
event-pass-revoked = Code deleted
event-pass-suspended = Code suspended: its gate is not on this account any more
event-pass-resumed = Code works again
event-pass-completed = The guest has left; the code is used up
event-pass-code-rejected = A wrong code was typed
event-pass-link-locked = Link locked after too many wrong codes
event-attempt-reserved = An opening was asked for
event-attempt-sent = The gate was told to open
event-attempt-opened = The gate opened
event-attempt-refused = The gate did not open
event-attempt-contradicted = The gate contradicted itself: call support
event-device-removed = Taken off an account
event-device-plan-set = Plan set
event-device-plan-transferred = Plan given to another device
event-pass-unlocked = Five more tries allowed
event-visit-ending = The code ends soon, and the guest is inside
event-visit-overstay = The code has ended, and the guest is inside
event-visit-gate-offline = A gate went offline while guests are expected
event-person-added = Shared with somebody
event-person-changed = What somebody may was changed
event-person-removed = Not shared with somebody any more
event-tenant-settings-saved = Tenant settings saved
event-visit-gate-online = The gate is back
event-gate-online = The gate is online
event-gate-offline = The gate is offline
event-other = Something else happened

audit = Proof of what happened
    .note = Each entry of this intercom’s story is bound to all entries before it, so none can be changed or left out without being noticed.
audit-good = { $entries ->
        [one] 1 entry, as it was written.
       *[other] { $entries } entries, all as they were written.
    } { $signed ->
        [0] None is signed yet.
        [one] Held against 1 signature.
       *[other] Held against { $signed } signatures.
    }
audit-bad = Entry { $entry } { $how ->
        [missing] is missing.
        [changed] was changed.
        [not-as-signed] is not what the service signed.
       *[unsigned] bears a signature that is not the service’s.
    } What comes from it on proves nothing. Contact support.
audit-unsigned = The service has not signed this story yet; it does within an hour.
audit-last = Last signature
    .note = The service signs how far the story has come: when it begins, every hundred entries, and an hour after a change.
audit-at = Signed
audit-entries = Entries
audit-link = Link of the last one
audit-sig = Signature
audit-keep = Keep a copy
    .note = A copy kept elsewhere shows every later change before its last signature. It holds ids and times, no names, numbers or codes.
audit-lines = Lines (NDJSON)
audit-table = Table (CSV)

hooks = Webhooks
    .note = Tell your other systems what happens
hooks-help = What happens to your devices is posted to these addresses, signed by the Standard Webhooks scheme.
hooks-none = There is no webhook yet.
hook = Webhook
hook-add = Add a webhook
    .note = From now on each event about your devices is posted there, until it is answered with 2xx: eight times within 28 hours.
hook-url = Address
    .note = https:// and a host on the public internet.
hook-url-too-long = The address is longer than 500 characters.
hook-url-not-https = Type an address that begins with https:// and names a host.
hook-url-not-public = This address is not on the public internet.
hook-made = The webhook is made
    .note = By this secret the receiver checks that a message is ours.
hook-rotated = The new secret
    .note = Messages are signed by the old secret, too, for 24 hours. Give the receiver the new one within that time.
hook-secret = Secret
hook-secret-once = It is shown only now. Keep it safe.
hook-secret-kept = I have kept it
hook-new = Nothing to tell yet
hook-works = Works
hook-fails = Does not take messages
hook-told = Last taken
hook-never = never
hook-failed = Last not taken
hook-messages = Messages
hook-since = Made
hook-waiting = { $messages ->
        [0] None waits.
        [one] 1 waits.
       *[other] { $messages } wait.
    }
hook-dead = { $messages ->
        [0] None was given up.
        [one] 1 was given up.
       *[other] { $messages } were given up.
    }
hook-answered = The receiver answered { $status }.
hook-silent = No answer within 10 seconds.
hook-unreached = The receiver cannot be reached.
hook-not-public = The address leads to no place on the public internet.
hook-broke = The connection broke.
hook-test = Send a test
    .note = One message of the type webhook.test, now.
hook-test-taken = Taken: answered { $status } after { $ms } ms.
hook-test-enough = You have tested often enough for now. Wait some minutes.
hook-untold = Given up
    .note = The receiver did not take these within 28 hours.
hook-tell-again = Tell all again
hook-rotate = Make a new secret?
    .note = It is shown once. The old one signs, too, for 24 hours.
hook-rotate-button = New secret
hook-end = Delete this webhook?
    .note = Nothing is told there any more, and what waits is forgotten.
done-hook-ended = Deleted. Nothing is told there any more.
done-hook-revived = They are told again now.

## opening a gate without a code, and API keys
press = Open
press-again = Open again
press-offline = The gate is not reachable right now. Nothing was sent, and nothing is sent later.
press-asked = The gate was asked to open…
press-silent = No answer from the gate yet. This page tells when it reports.
press-opened = The gate opened at { $at }.
press-said-late = The gate said at { $at } that it had opened, or lost its power just before.
press-not = The gate did not open: { $why ->
    [cancelled] you may not open it any more.
    [late] the request came too late.
    [connection] it had lost its connection.
    [soon] it had opened for somebody else, or got power, a moment before.
   *[fault] it has a fault.
}

keys = API keys
    .note = For other systems of yours, like a home automation, which open gates or watch them for you.
keys-none = You have made none yet.
key-new = Make an API key
key-name = Name
    .note = What it is for, like Home Assistant. Only you see it.
key-verbs = What it may do
key-verb-list = list the devices
key-verb-status = see whether they are online
key-verb-logs = see what happened there
key-verb-trigger = open gates
key-verb-access = see who has access, with their numbers
key-devices = At which devices
key-device = { $name }
key-make = Make it
key-made = The key is made.
    .note = It is shown only now. Keep it where your other system keeps secrets: whoever has it may do all this.
key-kept = I have kept it
key-used = last used at
key-unused = not used yet
key-revoke = Revoke { $name }?
    .note = The key works no more at once. This cannot be undone; you can make another one.
key-revoke-button = Revoke
done-key-revoked = Revoked. The key opens nothing any more.

field-verbs = Choose at least one thing that it may do.
field-devices = Choose at least one device.

problem-too-many-api-keys = Twenty API keys are enough; revoke one first.
problem-api-key-unknown = Send an API key that is not revoked.
problem-api-key-scope = This API key is not good for that.
problem-gate-not-opened = The gate did not open, and will not for this request.
problem-gate-not-confirmed = The gate was asked to open and has not answered yet.

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
person-grant-taken = For when you take that permission away; otherwise their codes stay.
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

# Long lists of codes and of people

import-bad-quotes = Line { $line }: a quotation mark is missing or one too many, not taken
history-no-older = There is nothing older.
import-looking = Looking at the list…
import-doing = Importing the list…
