# Elke sin op ons bladsye, in Afrikaans. Sintaksis: https://projectfluent.org/fluent/guide/

moment = { $time } ({ $zone }) op { $day } { $month ->
    [1] Jan
    [2] Feb
    [3] Mrt
    [4] Apr
    [5] Mei
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Okt
    [11] Nov
   *[12] Des
}

## Die gas

guest-hi = Hallo { $guest }
guest-valid-until = geldig tot
guest-step-link = Maak jou skakel oop
guest-step-scan = Skandeer die QR-kode op die bord
guest-step-code = Tik jou 4-syfer-kode
guest-reference = Verwysing
guest-code = 4-syfer-kode
guest-code-title = vier syfers
guest-open = Maak die hek oop
guest-show-pass = Wys jou pas

# sonder ’n pas
guest-welcome = Fluss+ eenmalige toegang
    .note = Maak die skakel oop wat jou gasheer vir jou gestuur het.
guest-unknown = Hierdie skakel werk nie
    .note = Maak die skakel in jou boodskap weer oop. As dit nie help nie, vra jou gasheer vir ’n nuwe een.
guest-from-elsewhere = Daardie knoppie was nie ons s’n nie
    .note = Niks het gebeur nie. Maak die skakel in jou boodskap weer oop en gebruik die knoppie daar.
guest-another-pass = Maak jou skakel weer oop
    .note = Hierdie blaaier het intussen ’n ander pas oopgemaak. Niks het gebeur nie; maak die skakel in jou boodskap weer oop.

# op pad in
guest-scan = Skandeer die bord by die hek
    .note = Rig jou foon se kamera op die QR-kode; die bladsy wat dit oopmaak, vra jou kode.
guest-type-code = Tik jou kode
    .note = Die vier syfers is in die boodskap van jou gasheer.
guest-type-reference = Tik jou verwysing en jou kode
    .note = Hierdie blaaier ken nie jou pas nie. Albei is in die boodskap van jou gasheer.
guest-wrong-board = Jou pas is vir { $place }
    .note = Hierdie bord is by ’n ander hek. Skandeer die een by joune.
guest-wrong-board-here = Jou pas is vir ’n ander hek
    .note = Hierdie bord is by ’n ander hek. Skandeer die een by joune.

# terwyl ’n hek gevra word om oop te maak
guest-opening = Maak oop…
    .note = Wag asseblief by die hek.
guest-no-answer = Wag nog
    .note = Nog geen antwoord van die hek nie. Jou pas word behou; hierdie bladsy verander sodra die hek antwoord.
guest-away-entry = Nie bereikbaar nie
    .note = Die hek is nie nou bereikbaar nie. Jou pas is nie gebruik nie.
guest-away-exit = Nie bereikbaar nie
    .note = Die hek is nie nou bereikbaar nie. Jou uitgang is nie gebruik nie.

# dit het nie oopgemaak nie; `leg` is `entry` of `exit`
guest-not-opened-cancelled = Die hek het nie oopgemaak nie: jou gasheer het dit gekanselleer. { guest-kept }
guest-not-opened-late = Die hek het nie oopgemaak nie: die versoek het te laat gekom. { guest-kept }
guest-not-opened-connection = Die hek het nie oopgemaak nie: die hek het sy verbinding verloor. { guest-kept }
guest-not-opened-soon = Die hek het nie oopgemaak nie: dit het ’n oomblik tevore vir iemand anders oopgemaak. { guest-kept }
guest-not-opened-fault = Die hek het nie oopgemaak nie: die hek het ’n fout; sê vir jou gasheer as dit so bly. { guest-kept }
guest-kept = { $leg ->
    [exit] Jou uitgang is nie gebruik nie.
   *[entry] Jou pas is nie gebruik nie.
} Jy kan weer probeer.

# binne, en aan die einde
guest-gate-open = Die hek is oop. Welkom.
    .note = Om te vertrek, tik jou kode by die hek. Jy hoef nie die bord te skandeer nie.
guest-inside = Jy is binne
    .note = Om te vertrek, tik jou kode by die hek. Jy hoef nie die bord te skandeer nie.
guest-goodbye = Totsiens
    .note = Jy is uit, en jou pas is opgebruik. Dankie vir jou besoek.
guest-cancelled = Deur jou gasheer gekanselleer
    .note = Jou gasheer het hierdie pas gekanselleer. Dit maak geen hek meer oop nie.
guest-cancelled-inside = Deur jou gasheer gekanselleer
    .note = Jou gasheer het hierdie pas gekanselleer. Vra jou gasheer om jou uit te laat.
guest-expired = Jou pas het verval
    .note = Vra jou gasheer vir ’n nuwe een.
guest-expired-inside = Jou tyd is om
    .note = Jou pas het verval. Vra jou gasheer om jou uit te laat.
guest-locked = Te veel verkeerde kodes
    .note = Hierdie skakel is nou gesluit. Vra jou gasheer om hulp.

# na ’n druk op die knoppie wat niks oopgemaak het nie
guest-not-four-digits = Probeer weer
    .note = Tik die vier syfers van jou kode.
guest-not-a-reference = Probeer weer
    .note = Tik die verwysing soos dit in jou boodskap staan: tien letters en syfers.
guest-used-entry = Jou ingang is gebruik
    .note = ’n Pas maak die hek een keer in en een keer uit oop.
guest-used-exit = Jou uitgang is gebruik
    .note = ’n Pas maak die hek een keer in en een keer uit oop.
guest-not-entered = Jy het nog nie ingegaan nie
    .note = Om in te gaan, skandeer die bord by die hek.
guest-already-opening = Hierdie pas word nou gebruik
    .note = Wag ’n oomblik; jou pas wys wat die hek doen.
guest-scan-again = Skandeer die bord weer
    .note = Die skandering moet minder as vyf minute oud wees. Tik dan jou kode.
guest-wrong-code = Probeer weer
    .note = Daardie kode is nie reg nie. { $tries ->
        [one] Nog 1 poging.
       *[other] Nog { $tries } pogings.
    }
guest-wait = Wag ’n oomblik
    .note = Probeer weer oor { $seconds ->
        [one] 1 sekonde.
       *[other] { $seconds } sekondes.
    }
guest-too-many = Te veel pogings
    .note = Wag tien minute en probeer weer, of vra jou gasheer.

## Die eienaar se konsole

console-devices = Toestelle
console-sign-out = Meld af

sign-in = Meld aan
    .note = Ons stuur ’n eenmalige pin na jou eie nommer. Daar is geen wagwoord nie.
sign-in-phone = Selfoonnommer
sign-in-channel = Hoe wil jy die pin kry?
sign-in-whatsapp = WhatsApp (aanbeveel)
sign-in-sms = SMS
sign-in-send = Stuur die pin
sign-in-help = Geen pin nie?
sign-in-help-whatsapp = WhatsApp moet aan dieselfde foonnommer gekoppel wees.
sign-in-help-dual-sim = Met twee SIM-kaarte kom die SMS aan op die SIM van die nommer wat jy getik het.
sign-in-help-both = As een manier nie werk nie, gebruik die ander. As nie een werk nie, wag ’n oomblik en probeer weer, of kontak ondersteuning.
sign-in-help-app = As jy hier aanmeld, word jy op jou foon se app afgemeld, en andersom.
sign-in-displaced-by-app = Jy is hier afgemeld omdat die app met jou nommer aangemeld is.
sign-in-displaced-by-dashboard = Jy is hier afgemeld omdat ’n ander blaaier met jou nommer aangemeld is.

pin = Tik jou pin
    .note = Dit het ses syfers en werk tien minute lank. Moet dit nooit deel nie, ook nie met ’n installeerder nie.
pin-by-whatsapp = Ons het ’n pin na jou WhatsApp gestuur.
pin-by-sms = Ons het ’n pin per SMS gestuur.
pin-label = Eenmalige pin
pin-none = Niks gekry nie?
pin-again-whatsapp = Stuur nog een per WhatsApp
pin-again-sms = Stuur nog een per SMS
pin-other-number = Gebruik ’n ander nommer

devices-none = Daar is nog geen toestel op jou rekening nie.
device-kind = Soort
device-gate = Hek
device-intercom = Interkom
device-serial = Reeksnommer
device-state = Toestand
device-online = aanlyn
device-offline = vanlyn
device-shared = met jou gedeel
one-time-access = Eenmalige toegang
    .note = Aktiewe kodes, en ’n nuwe een vir ’n gas
settings = Instellings vir eenmalige toegang
    .note = Watter hekke oopmaak, hoeveel kodes, hoe lank

board = Druk die bord
    .note = Die QR-kode vir die muur langs die hek
board-how = Druk dit op A5-papier, nie kleiner as wat dit is nie, en hou dit droog. Wie die kode kan lees, kan dit skandeer: dit maak niks oop sonder ’n gas se skakel en syfers nie.
board-by-hand = Die PDF het nie letters vir hierdie naam nie en los ’n lyn om dit op te skryf. Om dit met die naam te druk, maak die prent oop en druk dit.
board-pdf = PDF om te druk
board-svg = Prent (SVG)
board-picture = Die bord: sy naam, die QR-kode en drie stappe
board-step-link = Maak die skakel in jou boodskap oop
board-step-scan = Skandeer hierdie kode met jou kamera
board-step-code = Tik jou vier syfers

## Wat ’n veld van ’n vorm verwag, volgens sy naam

field-phone = Tik ’n selfoonnommer, met sy landkode soos +27 82 123 4567.
field-pin = Tik die ses syfers van die pin.

## Elke antwoord wat nie "hier is dit" is nie, volgens sy kode

problem-malformed = Die versoek kon nie gelees word nie.
problem-invalid-request = ’n Veld is nie soos verwag nie.
problem-not-found = So iets bestaan nie, of dit is nie joune om te sien nie.
problem-method-not-allowed = Hierdie adres doen dit nie.
problem-timeout = Die versoek het te lank geduur.
problem-too-large = Die versoek is te groot.
problem-not-json = Stuur die inhoud as application/json.
problem-not-form = Stuur die inhoud as application/x-www-form-urlencoded.
problem-foreign-form = Hierdie vorm is nie van ’n bladsy van ons nie.
problem-too-many-requests = Te veel versoeke; wag ’n oomblik.
problem-idempotency-key-required = Stuur ’n Idempotency-Key van 1 tot 128 karakters.
problem-idempotency-mismatch = Hierdie knoppie is tevore vir iets anders gedruk. Maak die bladsy weer oop.
problem-precondition-required = Maak die bladsy weer oop voordat jy stoor.
problem-precondition-failed = Iemand het intussen gestoor; kyk wat hulle gestoor het.
problem-session-missing = Meld eers aan.
problem-session-displaced = Jy is afgemeld deur ’n nuwer aanmelding met jou nommer.
problem-otp-invalid = Die pin is nie geldig nie.
problem-otp-expired = Die pin het verval; vra ’n nuwe een aan.
problem-otp-too-many = Te veel verkeerde pins; vra ’n nuwe een aan.
problem-otp-too-soon = ’n Pin is pas gestuur; wag voor die volgende een.
problem-channel-unavailable = Die pin kon nie so gestuur word nie.
problem-country-blocked = Pins word nie na hierdie land gestuur nie; kontak ondersteuning.
problem-not-owner = Net die eienaar mag dit doen.
problem-no-permission = Die eienaar het jou nie toestemming hiervoor gegee nie.
problem-already-claimed = Hierdie toestel is op ’n ander rekening.
problem-already-enrolled = Hierdie hek is in gebruik; sy etiket laat niemand meer toe nie.
problem-certificate-refused = Hierdie sertifikaat laat die hek nie meer toe nie.
problem-renewal-too-early = Hierdie sertifikaat is jonk; hernu dit later.
problem-not-a-gate = Net hekke het sertifikate.
problem-not-a-spare = Net ’n hek wat niemand geëis of gekoppel het nie, kan ’n ander vervang.
problem-not-an-intercom = Net interkoms het eenmalige toegang.
problem-gate-not-owned = Kies ’n hek op jou eie rekening.
problem-settings-missing = Stoor eers die instellings vir eenmalige toegang.
problem-limit-reached = Alle kodes is in gebruik; trek een terug of wag dat een eindig.
problem-no-digits-left = Alle syfers is binne ’n dag uitgegee; probeer later weer.
problem-one-contact-only = Een kode is vir een persoon; skep nog ’n kode.
problem-not-active = Die kode het geëindig; daar is niks om terug te trek nie.
problem-code-wrong = Die kode is verkeerd.
problem-code-wait = Wag ’n oomblik voor die volgende poging.
problem-link-locked = Te veel verkeerde kodes. Vra jou gasheer.
problem-wrong-intercom = Jou pas is vir ’n ander hek.
problem-scan-required = Skandeer eers die bord by die hek.
problem-pass-expired = Die pas het verval.
problem-pass-revoked = Die pas is gekanselleer.
problem-pass-used = Die pas is reeds vir hierdie rigting gebruik.
problem-not-entered-yet = Niemand het nog met hierdie pas ingegaan nie.
problem-already-opening = Hierdie pas word nou gebruik.
problem-gate-offline = Die hek is nie nou bereikbaar nie. Die pas is nie gebruik nie.
problem-busy = Te veel op een slag; probeer oor ’n oomblik weer.
problem-unavailable = Nie nou beskikbaar nie; probeer oor ’n oomblik weer.
problem-internal = Iets het aan ons kant verkeerd geloop.
