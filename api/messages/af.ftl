# Elke sin op ons bladsye, in Afrikaans. Sintaksis: https://projectfluent.org/fluent/guide/

moment = { $time } ({ $zone }) op { $day }{ "\u00A0" }{ month }
moment-dated = { $day } { month } { $year }, { $time } { $zone }
month = { $month ->
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

guest-hi = Hallo
guest-visit = Besoek aan
guest-until = tot
guest-preview = Maak hierdie skakel op jou foon oop wanneer jy by die hek is.
guest-step-link = Maak jou skakel oop
guest-step-scan = Skandeer die QR-kode op die bord
guest-step-code = Tik jou 4-syfer-kode
guest-reference = Verwysing
guest-code = 4-syfer-kode
guest-code-title = vier syfers
guest-open = Maak die hek oop
guest-open-out = Maak die hek oop om te vertrek
guest-show-pass = Wys jou pas
guest-look-again = Kyk weer
guest-moment = Een oomblik…
guest-lost = Geen antwoord het gekom nie. Kyk na jou verbinding en druk nog een keer; die hek maak steeds net een keer oop.
guest-call = Bel jou gasheer
guest-call-ask = Hoe om jou gasheer te bereik

# sonder ’n pas
guest-welcome = Fluss+ eenmalige toegang
    .note = Maak die skakel oop wat jou gasheer vir jou gestuur het.
guest-unknown = Hierdie skakel werk nie
    .note = Maak die skakel in jou boodskap weer oop. As dit nie help nie, of as jy ’n ou bord geskandeer het, vra jou gasheer.
guest-from-elsewhere = Daardie knoppie was nie ons s’n nie
    .note = Niks het gebeur nie. Maak die skakel in jou boodskap weer oop en gebruik die knoppie daar.
guest-another-pass = Maak jou skakel weer oop
    .note = Hierdie blaaier het intussen ’n ander pas oopgemaak. Niks het gebeur nie; maak die skakel in jou boodskap weer oop.

# op pad in
guest-scan = Skandeer die bord by die hek
    .note = Rig jou foon se kamera op die QR-kode; die bladsy wat dit oopmaak, vra jou kode.
guest-gate-there = Die hek is op die oomblik verbind.
guest-scan-here = Skandeer hier
camera-stop = Stop die kamera
guest-no-camera = Hierdie bladsy mag nie die kamera gebruik nie. Rig jou foon se kamera-app op die bord, of neem hier ’n foto daarvan.
guest-picture = Neem liewer ’n foto van die bord
guest-picture-send = Stuur die foto
guest-picture-without-board = Geen bord op hierdie foto nie
    .note = Neem nog een van nader by, met die hele QR-kode daarop.
guest-picture-unread = Hierdie foto kan nie gelees word nie
    .note = Neem nog een, as JPEG of PNG van hoogstens 6 MB, of rig jou foon se kamera-app op die bord.
guest-picture-cut-off = Hierdie foto het nie heel aangekom nie
    .note = Jou verbinding is nou stadig. Rig eerder jou foon se kamera-app op die bord.
guest-picture-busy = Te veel foto’s op een slag
    .note = Probeer oor ’n oomblik weer, of rig jou foon se kamera-app op die bord.
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
guest-away-entry = Die hek is vanlyn
    .note = Die hek is nie nou bereikbaar nie. Jou pas is nie gebruik nie. Hierdie bladsy sê wanneer die hek terug is.
guest-away-exit = Die hek is vanlyn
    .note = Die hek is nie nou bereikbaar nie. Jou uitgang is nie gebruik nie. Hierdie bladsy sê wanneer die hek terug is.
guest-away-pressed = Die hek is vanlyn
    .note = Die hek is nie nou bereikbaar nie. { $leg ->
        [exit] Jou uitgang is nie gebruik nie.
       *[entry] Jou pas is nie gebruik nie.
    } Probeer oor ’n oomblik weer.
guest-suspended = Hierdie hek het jou gasheer nodig
    .note = Die hek is verander, en jou gasheer moet dit weer kies. Jou pas is nie gebruik nie; probeer daarna weer.

# dit het nie oopgemaak nie; `leg` is `entry` of `exit`, `why` is soos hieronder
guest-not-opened = Die hek het nie oopgemaak nie: { $why ->
    [cancelled] jou gasheer het dit gekanselleer.
    [late] die versoek het te laat gekom.
    [connection] die hek het sy verbinding verloor.
    [soon] dit het pas beweeg, of pas krag gekry.
   *[fault] die hek het ’n fout; sê vir jou gasheer as dit so bly.
} { guest-kept }
guest-kept = { $leg ->
    [exit] Jou uitgang is nie gebruik nie.
   *[entry] Jou pas is nie gebruik nie.
} { $why ->
    [soon] Druk oor ’n oomblik weer.
   *[other] Jy kan weer probeer.
}

# binne, en aan die einde
guest-gate-open = Die hek is oop. Welkom.
    .note = Om te vertrek, tik jou kode by die hek. Jy hoef nie die bord te skandeer nie.
guest-said-late = Die hek sê dat dit vir jou oopgemaak is
    .note = Sy antwoord het laat gekom. As jy nog buite is, bel jou gasheer: jou ingang is gebruik. As jy binne is, tik jou kode om die hek oop te maak en te vertrek.
guest-inside = Jy is binne
    .note = Om te vertrek, tik jou kode by die hek. Jy hoef nie die bord te skandeer nie.
guest-goodbye = Totsiens
    .note = Jy is uit, en jou pas is opgebruik. Dankie vir jou besoek.
guest-cancelling = Deur jou gasheer gekanselleer
    .note = Jou gasheer het hierdie pas gekanselleer terwyl die hek gevra is om oop te maak. As dit nou oopmaak, was dit reeds op pad.
guest-cancelled = Deur jou gasheer gekanselleer
    .note = Jou gasheer het hierdie pas gekanselleer. Dit maak geen hek meer oop nie.
guest-cancelled-inside = Deur jou gasheer gekanselleer
    .note = Jou gasheer het hierdie pas gekanselleer. Vra jou gasheer om jou uit te laat.
guest-expired = Jou pas het verval
    .note = Vra jou gasheer vir ’n nuwe een.
guest-expired-inside = Jou tyd is om
    .note = Jou pas het verval, en jou gasheer kan sien dat jy nog binne is. Vra jou gasheer om jou uit te laat.
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
sign-in-whatsapp = WhatsApp
sign-in-sms = SMS
sign-in-recommended = (aanbeveel)
sign-in-closed = (werk nie op die oomblik nie)
sign-in-send = Stuur die pin
sign-in-to-pin = Tik die pin wat gestuur is
sign-in-help = Geen pin nie?
sign-in-help-whatsapp = WhatsApp moet aan dieselfde foonnommer gekoppel wees.
sign-in-help-dual-sim = Met twee SIM-kaarte kom die SMS aan op die SIM van die nommer wat jy getik het.
sign-in-help-both = As een manier nie werk nie, gebruik die ander. As nie een werk nie, wag ’n oomblik en probeer weer, of kontak ondersteuning.
sign-in-help-app = As jy hier aanmeld, word jy op jou foon se app afgemeld, en andersom.
sign-in-displaced-by-app = Jy is hier afgemeld omdat die app met jou nommer aangemeld is.
sign-in-displaced-by-dashboard = Jy is hier afgemeld omdat ’n ander blaaier met jou nommer aangemeld is.
sign-in-ended-by-system = Die stelsel het jou hier afgemeld. Meld weer aan.

pin = Tik jou pin
    .note = Dit het ses syfers en werk tien minute lank. Moet dit nooit deel nie, ook nie met ’n installeerder nie.
pin-by-whatsapp = Ons het ’n pin na jou WhatsApp gestuur.
pin-by-sms = Ons het ’n pin per SMS gestuur.
pin-label = Eenmalige pin
pin-none = Niks gekry nie?
pin-again-whatsapp = Stuur nog een per WhatsApp
pin-again-sms = Stuur nog een per SMS
pin-other-number = Gebruik ’n ander nommer
pin-too-soon = ’n Pin is pas gestuur. Jy kan oor { $seconds ->
    [one] 1 sekonde
   *[other] { $seconds } sekondes
} nog een kry.
pin-too-many = Te veel pins is na hierdie nommer gestuur. Jy kan oor { span } nog een kry.

second-factor = Nog een kode
    .note = Jou rekening het ’n tweede faktor. Tik die kode wat jou verifieerder-app wys, of een van jou herstelkodes.

account = Rekening
account-number = Verander jou nommer
account-app = Verifieerder-app
account-sim = Is jou foon weg, of jou SIM geblok? Kontak ondersteuning, sodat niemand anders met jou nommer aanmeld nie.
account-sign-out = Meld af van hierdie blaaier
account-go-on = Gaan voort
proof = Is dit jy?
    .note = Veranderings aan jou rekening vereis ’n nuwe pin. Ons stuur dit na jou eie nommer.
number = Jou nuwe nommer
    .note = Tik dit, en ons stuur ’n pin daarheen. Jou toestelle en kodes bly by jou; die ou nommer meld nie meer by hierdie rekening aan nie.
number-pin = Tik die pin
    .note = Ons het dit na jou nuwe nommer gestuur. Dit het ses syfers en werk tien minute lank.
number-change = Verander die nommer
app = Verifieerder-app
    .note = ’n Tweede faktor beskerm jou rekening as iemand jou nommer oorneem: aanmelding vereis dan ook ’n kode van ’n app op jou foon. Enige app vir eenmalige kodes sal werk.
app-begin = Stel dit op
app-is-on = Aan sedert
app-is-off = Af. ’n Pin alleen meld aan.
app-codes-left = { $codes ->
        [one] Een herstelkode oor
       *[other] { $codes } herstelkodes oor
    }
app-secret = Voeg Fluss+ by jou app
    .note = Skandeer die prent met jou verifieerder-app. Tik dan binne tien minute die kode wat dit wys.
app-qr = QR-kode vir jou verifieerder-app
app-open = Maak dit oop in ’n app op hierdie toestel
app-by-hand = Of tik hierdie sleutel in die app:
app-code = Kode
app-on = Skakel dit aan
app-again = Probeer die volgende kode
    .note = Tik die kode wat jou app nou wys. As dit nie help nie, gaan terug en stel dit weer op.
app-turn-off = Skakel die app af
    .note = Die app is aan. Om dit af te skakel, tik ’n kode wat dit wys, of ’n herstelkode. Dan meld ’n pin alleen aan.
app-off = Skakel dit af
recovery = Jou herstelkodes
    .note = Elkeen meld een keer aan in die plek van die app, wanneer jou foon weg is. Skryf hulle neer en bewaar hulle veilig: hulle word nie weer gewys nie.
recovery-kept = Ek het hulle bewaar

devices-none = Daar is nog geen toestel op jou rekening nie.
device-kind = Soort
device-gate = Hek
device-intercom = Interkom
device-serial = Reeksnommer
device-state = Toestand
device-online = aanlyn
device-offline = vanlyn
device-shared = met jou gedeel
calls = Oproepe van gaste
    .note = Of gaste wat hulp nodig het, jou nommer sien
calls-help = Waar net jy kan help, kan ’n gas se bladsy ’n knoppie wys wat jou bel: wanneer die hek nie bereikbaar is nie, en wanneer die pas gesluit, gekanselleer of verval is. Dit wys jou eie nommer, tot ’n dag ná die einde van die kode.
calls-allow = Gaste mag my bel op
one-time-access = Eenmalige toegang
    .note = Aktiewe kodes, en ’n nuwe een vir ’n gas
settings = Instellings vir eenmalige toegang
    .note = Watter hekke oopmaak, hoeveel kodes, hoe lank
console-back = Terug
console-save = Stoor

done-saved = Gestoor. Nuwe kodes gebruik die nuwe limiet en duur; die hekke word van nou af gebruik.
done-changed = Gestoor.
done-number = Jou nommer is verander.
done-app-on = Die app is aan.
done-app-off = Die app is af. ’n Pin alleen meld aan.
done-claimed = Die toestel is op jou rekening.
done-deleted = Uitgevee. Die kode maak niks meer oop nie, en sy plek is vry.

# ’n tydsduur, in boodskappe wat `hours` en `minutes` noem
span = { $hours ->
    [0] { $minutes ->
        [0] minder as ’n minuut
       *[other] { $minutes } min
    }
   *[other] { $hours } h { $minutes } min
}

device-quarantined = Hierdie hek word uitgehou: dit lyk of twee toestelle sy sleutel het.
device-revoked = Hierdie hek word vir goed uitgehou. Net ander hardeware bring dit terug.
device-needs-settings = Kodes kan gestuur word sodra die eienaar die instellings vir eenmalige toegang gestoor het.

claim = Voeg ’n toestel by
    .note = Die kode op sy etiket sit ’n toestel een keer op jou rekening.
claim-code = Kode op die etiket
    .note = Vyftien letters en syfers, soos 0A1B2-C3D4E-F5G6H.
claim-camera = Lees dit met die kamera
    .note = Die kamera kan nie gebruik word nie. Tik die kode.
claim-name = Naam
    .note = As jy dit uitlaat, hou die toestel die naam op sy etiket.
claim-button = Voeg by
claim-unknown = Geen toestel het hierdie kode nie. Vergelyk dit met die etiket.

rename = Naam
    .note = Wat jy en jou gaste dit noem
rename-name = Naam van die toestel

setting-entry-gate = Ingangstoestel
    .note = Watter hek oopmaak wanneer ’n gas die kode tik.
setting-exit-gate = Uitgangstoestel
    .note = Watter hek oopmaak wanneer die gas vertrek.
setting-max-users = Maksimum gebruikers
    .note = Hoeveel kodes tegelyk aktief kan wees.
setting-duration = Duur van uitnodiging
    .note = Hoe lank elke nuwe kode geldig bly.
setting-applies-now = geld nou
setting-applies-to-new = geld vir nuwe kodes
setting-choose-gate = Kies ’n hek
setting-same-as-entry = Dieselfde as ingang
setting-gate = { $name }
setting-codes = { $codes }
setting-hours = { $hours ->
    [one] 1 uur
   *[other] { $hours } uur
}
settings-no-gate = Daar is geen hek op jou rekening nie. Voeg eers ’n hek by.
settings-saved-meanwhile = Intussen gestoor:
settings-tip = Wenk: laer limiete is veiliger. As jy een of twee gaste per dag verwag, keer 2 dat jy per ongeluk te veel kodes maak.
settings-unsaved = Stoor jou veranderinge?
settings-discard = Verwerp

codes-taken = { $active } van { $limit } kodes is aktief.
codes-full = { $active } aktief, limiet { $limit }: { $must_end ->
    [one] 1 moet eindig
   *[other] { $must_end } moet eindig
} voordat ’n nuwe kode gemaak kan word. Dit is op die laatste om { $at }; of vee ’n kode uit.
codes-new = Nuwe kode
codes-none = Geen kode is aktief nie. Maak een met +.
codes-active = Aktiewe kodes
codes-perhaps-inside = Dalk nog binne
    .note = Hierdie gaste het ingekom en nie met hul kode vertrek nie, en dit het geëindig. Jy kan hulle uitlaat.

visit-waiting = wag vir die gas
visit-entering = by die hek
visit-inside = al { span } binne
visit-leaving = vertrek; al { span } binne
visit-completed = was in en uit; vertrek om { $at }
visit-expired = ongebruik verval om { $at }
visit-expired-inside = verval om { $at }; geen uitgang aangeteken nie
visit-deleted = uitgevee om { $at }
visit-deleted-inside = uitgevee om { $at }; geen uitgang aangeteken nie
visit-perhaps-inside = { $guest } is dalk binne, en hierdie kode laat niemand meer uit nie. Jy kan.

# wat van ’n opening word; `leg` is `entry` of `exit`
opening-way = { $leg ->
    [exit] die pad uit
   *[entry] die pad in
}
opening-asked = Maak oop vir { opening-way }…
opening-silent = Nog geen antwoord van die hek vir { opening-way } nie. Hierdie bladsy sê wanneer dit rapporteer.
opening-opened = Die hek het vir { opening-way } oopgemaak om { $at }.
opening-said-late = Die hek het om { $at } gesê dat dit vir { opening-way } oopgemaak het, of net tevore sy krag verloor het.
opening-before-cancel = Die hek het vir { opening-way } oopgemaak voordat dit gestop kon word, om { $at }.
opening-cancelling = ’n Opening vir { opening-way } was op pad. Dit eindig binne 8 sekondes: hierdie bladsy sê hoe.
opening-cancelling-silent = Niks kan meer oopmaak nie. Of die hek vir { opening-way } oopgemaak het, sê hierdie bladsy wanneer dit rapporteer.
opening-not = Die hek het nie vir { opening-way } oopgemaak nie: { $why ->
    [cancelled] dit is betyds gestop.
    [late] die versoek het te laat gekom.
    [connection] dit het sy verbinding verloor.
    [soon] dit het ’n oomblik tevore vir iemand anders oopgemaak, of krag gekry.
   *[fault] dit het ’n fout.
}

code-left = nog { span }
code-digits = Toegangskode
code-recipient = Ontvanger
code-time = Oorblywende tyd
code-link = Skakel
code-link-works = werk
code-link-locked = gesluit ná te veel verkeerde kodes
code-link-ended = maak niks meer oop nie
code-by-you = Deur jou gemaak
code-by-other = Deur iemand anders gemaak
code-gate-away = Die hek is nie nou bereikbaar nie. Die gas sou nie deurkom nie.
code-send-again = Stuur dit weer

delete = Vee toegang vir { $guest } uit?
    .note = Die kode hou dadelik op werk, vir die pad in en die pad uit. Dit kan nie ongedaan gemaak word nie.
delete-button = Vee uit

let-in = Laat { $guest } in?
    .note = Die hek maak nou oop, en die ingang van hierdie kode is gebruik.
let-in-button = Laat in
let-out = Laat { $guest } uit?
    .note = Die hek maak nou oop, en die uitgang van hierdie kode is gebruik.
let-out-button = Laat uit
let-through-erased = Laat hierdie gas, wie se naam uitgevee is, deur?
    .note = Die hek maak nou oop, en hierdie rigting van die kode is gebruik.

history = Geskiedenis
    .note = Kodes wat geëindig het, die jongste eerste.
history-none = Geen kode het nog geëindig nie.

invite = Nooi
    .note = Een kode is vir een mens, een keer in en een keer uit. Maak vir meer mense meer kodes.
invite-contact = Kies een kontak
invite-name = Naam
    .note = Van een gas.
invite-mobile = Selfoon
    .note = Met sy landkode, of soos jy dit skakel.
invite-generate = Genereer

send = Eenmalige toegang
    .note = Jou eie app stuur die boodskap; dit is reeds ingevul.
send-for = Vir
send-until = tot
send-how = Deel die kode
send-copy = Kopieer
send-copied = Gekopieer.
send-sms = SMS
send-whatsapp = WhatsApp
send-email = E-pos
send-message = Boodskap aan die gas
send-details = Wys die kode
send-language = Taal van die boodskap:

# the message to the guest, in the language that its sender chooses
share-subject = Jou toegang tot { $place }
share-text =
    Hallo { $guest }, jy kan een keer by { $place } in- en uitgaan.

    Kode: { $code }
    Skakel: { $link }
    Geldig tot { $until }

    1. Maak die skakel oop.
    2. Skandeer die QR-kode op die interkom.
    3. Tik die kode in. Om uit te gaan, maak die skakel weer oop.

    Verwysing, as die bladsy daarvoor vra: { $reference }

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
field-code = Tik die ses syfers wat die app wys, of ’n herstelkode.
field-name = Tik ’n naam van 1 tot 80 karakters.
field-mobile = Tik die gas se selfoonnommer, met sy landkode soos +27 82 123 4567.
field-claim-code = Tik die vyftien letters en syfers op die etiket.
field-entry-gate = Kies ’n hek op jou eie rekening.
field-exit-gate = Kies ’n hek op jou eie rekening, of dieselfde as ingang.
field-max-active-codes = Kies 1, 2, 5, 10, 25 of 50.
field-invite-duration-hours = Kies heel ure van 1 tot 24.

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
problem-session-ended = Die stelsel het jou afgemeld; meld weer aan.
problem-step-up-needed = Bewys eers met ’n nuwe pin dat dit jy is.
problem-number-held = Jy het onlangs aangemeld. Dit kan ’n dag daarna gedoen word.
problem-number-in-use = Hierdie nommer het ’n rekening van sy eie.
problem-second-factor-needed = Tik nou ’n kode van jou verifieerder-app.
problem-second-factor-on = Daar is ’n tweede faktor; skakel dit eers af.
problem-second-factor-off = Daar is geen tweede faktor nie.
problem-otp-invalid = Die pin is nie geldig nie.
problem-otp-expired = Die pin het verval; vra ’n nuwe een aan.
problem-otp-too-many = Te veel verkeerde pins; vra ’n nuwe een aan.
problem-number-locked = Te veel verkeerde pins is vir hierdie nommer getik. Kontak ondersteuning.
problem-otp-too-soon = ’n Pin is pas gestuur; wag voor die volgende een.
problem-channel-unavailable = Die pin kon nie so gestuur word nie.
problem-country-blocked = Pins word nie na hierdie land gestuur nie; kontak ondersteuning.
problem-not-owner = Net die eienaar mag dit doen.
problem-no-permission = Die eienaar het jou nie toestemming hiervoor gegee nie.
problem-user-not-found = Niemand het nog met hierdie nommer aangemeld nie.
problem-already-theirs = Die toestel is klaar op hierdie rekening.
problem-already-claimed = Hierdie toestel is op ’n ander rekening.
problem-already-enrolled = Hierdie hek is in gebruik; sy etiket laat niemand meer toe nie.
problem-certificate-refused = Hierdie sertifikaat laat die hek nie meer toe nie.
problem-renewal-too-early = Hierdie sertifikaat is jonk; hernu dit later.
problem-not-a-gate = Hierdie toestel is nie ’n hek nie.
problem-not-a-spare = Net ’n hek wat niemand geëis of gekoppel het nie, kan ’n ander vervang.
problem-not-an-intercom = Net interkoms het eenmalige toegang.
problem-gate-not-owned = Kies ’n hek op jou eie rekening.
problem-settings-missing = Stoor eers die instellings vir eenmalige toegang.
problem-gate-missing = ’n Hek van die instellings is nie meer op hierdie rekening nie. Kies een en stoor.
problem-limit-reached = Alle kodes is in gebruik; trek een terug of wag dat een eindig.
problem-no-digits-left = Alle syfers is binne ’n dag uitgegee; probeer later weer.
problem-one-contact-only = Een kode is vir een persoon; skep nog ’n kode.
problem-too-many-webhooks = Tien webhooks is genoeg; beëindig eers een.
problem-not-active = Die kode het geëindig.
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
problem-gate-offline = Die hek is nie nou bereikbaar nie. Niks is opgebruik of word later gestuur nie.
problem-pass-suspended = Die hek moet weer in die instellings gekies word. Die pas is nie gebruik nie.
problem-busy = Te veel op een slag; probeer oor ’n oomblik weer.
problem-unavailable = Nie nou beskikbaar nie; probeer oor ’n oomblik weer.
problem-internal = Iets het aan ons kant verkeerd geloop.

## Die einde van ’n besoek

guest-in-grace = Jou tyd is om, en jy kan nog uitgaan
    .note = Tik jou kode om uit te gaan. Jou pas laat jou tot { $at } uit, en niemand in nie.

setting-grace = Grasie vir uitgang
    .note = Hoe lank ná die einde van ’n kode die gas nog kan uitgaan. Daarsonder laat jy uit wie laat is.
setting-minutes = { $minutes ->
    [0] geen
    [30] 30 minute
    [120] 2 uur
   *[other] 48 uur
}
field-exit-grace-minutes = Kies geen, 30 minute, 2 uur of 48 uur.

visit-in-grace = die tyd is om; kan nog uitgaan tot { $at }
visit-ends-soon = { $guest } is nog binne. Hierdie kode laat hulle uit tot { $at }; daarna kan net jy.
visit-may-leave = { $guest } is nog binne al is die tyd om, en kan uitgaan tot { $at }. Jy kan hulle ook uitlaat.

codes-gate-away = { $gate } is nie nou bereikbaar nie. Gaste sou nie daar deurkom nie.
codes-suspended = ’n Hek van die instellings is nie meer op hierdie rekening nie. Geen kode maak oop voordat die eienaar een kies en stoor nie.

code-locked = Verkeerde kodes is vyf keer met hierdie skakel getik, en dit aanvaar niks meer nie. As dit jou gas was, laat nog vyf toe; of laat die gas self deur.
allow-more-button = Laat nog 5 toe

## Privaatheid, planne, en wat ’n toestel se plek inneem

guest-erased = gas (uitgewis)
device-plan = Plan
device-plan-home = Tuis
device-plan-commercial = Kommersieel
device-report = Laaste berig
device-firmware = Fermware
plan = Plan
    .note = Waarvoor die toestel gebruik word
plan-which = Die toestel word gebruik vir
plan-give = Gee die plan aan ’n ander toestel
    .note = Vir ’n toestel wat hierdie een se plek inneem. Hierdie een het dan geen plan meer nie.
plan-to = Aan
plan-give-button = Gee die plan
replace = Vervang die hardeware
    .note = Vir ’n stukkende hek: sit ’n spaar in sy plek
replace-help = Die hek behou sy naam, sy instellings, sy mense en sy kodes. Totdat die spaar gekoppel is, maak dit vir niemand oop nie. Die hardeware van tevore word van dan af vir goed uitgehou.
replace-code = Kode op die etiket van die spaar
    .note = Vyftien letters en syfers. Niemand het die spaar by ’n rekening gevoeg nie, en dit was nog nooit gekoppel nie.
replace-button = Vervang
done-plan = Die plan is gegee.
done-replaced = Koppel nou die spaar: dit neem hierdie hek se plek in.
field-plan = Kies ’n plan.
problem-plan-missing = Hierdie toestel het geen plan om te gee nie.
problem-plan-taken = Die ander toestel het sy eie plan.
problem-other-kind = ’n Plan gaan net na ’n ander toestel van dieselfde soort.

## ’n Ander eienaar, wat gebeur het, en webhake

transfer = Gee aan ’n ander eienaar
    .note = Instellings, kodes, mense en geskiedenis gaan saam
transfer-what-intercom = Die interkom gaan na ’n ander rekening saam met sy instellings, sy aktiewe kodes, die mense met wie dit gedeel is, en sy geskiedenis. Jy kan nog kodes stuur en sien, totdat die nuwe eienaar dit beëindig.
transfer-what-gate = Die hek gaan na ’n ander rekening. Kodes van interkoms wat by jou bly, maak dit nie meer oop nie: hulle wag totdat jy ’n ander hek in die instellings kies.
transfer-for-good = Dit gebeur dadelik en vir goed. Net die nuwe eienaar kan dit teruggee.
transfer-to = Die nuwe eienaar se selfoonnommer
    .note = Hulle moes al voorheen hier aangemeld het.
transfer-along = Hekke wat saamgaan
    .note = Sonder sy hekke maak die interkom se kodes niks oop totdat sy nuwe eienaar ander hekke kies nie.
transfer-held = Jy het onlangs aangemeld. Vir jou veiligheid kan dit eers ná { $at } gedoen word.
    .note = As iemand anders jou vra om ’n toestel weg te gee, moenie.
transfer-sure = Gee dit vir goed weg?
    .note = Vergelyk die nommer met dié van die nuwe eienaar. Niemand kan dit vir jou ongedaan maak nie.
transfer-device = Toestel
transfer-goes = Gaan saam
transfer-stays = Bly by jou
transfer-understood = Ek weet dat dit nie ongedaan gemaak kan word nie.
transfer-button = Gee dit weg
done-given = Dit is nou op die nuwe eienaar se rekening. Jy kan dit nog gebruik as iemand met wie dit gedeel word.
done-given-gate-suspended = Dit is nou op die nuwe eienaar se rekening. Kodes van jou interkoms wat dit gebruik het, maak niks oop totdat jy ’n ander hek in hul instellings kies nie.
done-given-suspended = Dit is nou op die nuwe eienaar se rekening. Sy kodes maak niks oop totdat hulle ’n hek in die instellings kies nie: sê vir hulle.

take-off = Haal dit van my rekening af
    .note = Wanneer jy uittrek, of die hek nie meer daar is nie
take-off-ask = Haal { $name } van jou rekening af?
    .note = Niemand met wie dit gedeel is, maak dit meer oop nie, en jou API-sleutels ook nie. Kodes van interkoms wat dit gebruik, wag totdat jy ’n ander hek in hul instellings kies. Wie die etiket het, kan dit op hul rekening sit.
take-off-button = Haal dit af
done-taken-off = Die hek is van jou rekening af.
done-taken-off-suspended = Die hek is van jou rekening af. Kodes van interkoms wat dit gebruik het, maak niks oop totdat ’n ander hek in hul instellings gekies word nie.

story = Wat gebeur het
    .note = Openinge, kodes, mense en veranderinge
story-show = Wys
story-all = Alles
story-openings = Openinge
story-codes = Kodes
story-people = Mense
story-settings = Instellings
story-device = Toestel
story-none = Hier is nog niks neergeskryf nie.
story-older = Ouer
story-latest = Terug na die jongste
story-by = deur { $who }
story-by-you = deur jou
story-by-former = deur ’n voormalige gebruiker
story-by-other = deur iemand anders
story-for = Vir { $who }
story-for-you = Vir jou
story-for-former = Vir ’n voormalige gebruiker
story-for-other = Vir iemand anders

event-device-claimed = By ’n rekening gevoeg
event-owner-transferred = Aan ’n ander eienaar gegee
event-device-enrolled = Deur die installeerder opgestel
event-device-renewed = Sy sertifikaat is hernu
event-device-revoked = Vir goed uitgehou
event-device-replaced = Sy hardeware is vervang
event-device-quarantined = Uitgehou: twee toestelle het skynbaar sy sleutel
event-device-released = Weer ingelaat
event-device-pulse-gap-set = Die pouse tussen twee openinge is verander
event-settings-saved = Instellings gestoor
event-grant-added = Toestemming om kodes te stuur gegee
event-grant-removed = Toestemming om kodes te stuur weggeneem
event-pass-issued = Kode gemaak
event-pass-revoked = Kode uitgevee
event-pass-suspended = Kode opgeskort: sy hek is nie meer op hierdie rekening nie
event-pass-resumed = Kode werk weer
event-pass-completed = Die gas het vertrek; die kode is opgebruik
event-pass-code-rejected = ’n Verkeerde kode is getik
event-pass-link-locked = Skakel gesluit ná te veel verkeerde kodes
event-attempt-reserved = ’n Opening is gevra
event-attempt-sent = Die hek is gesê om oop te maak
event-attempt-opened = Die hek het oopgemaak
event-attempt-refused = Die hek het nie oopgemaak nie
event-attempt-contradicted = Die hek het homself weerspreek: bel ondersteuning
event-device-removed = Van ’n rekening afgehaal
event-device-plan-set = Plan gestel
event-device-plan-transferred = Plan aan ’n ander toestel gegee
event-pass-unlocked = Nog vyf pogings toegelaat
event-visit-ending = Die kode eindig binnekort, en die gas is binne
event-visit-overstay = Die kode het geëindig, en die gas is binne
event-visit-gate-offline = ’n Hek het vanlyn gegaan terwyl gaste verwag word
event-person-added = Met iemand gedeel
event-person-changed = Wat iemand mag, is verander
event-person-removed = Nie meer met iemand gedeel nie
event-tenant-settings-saved = Huurderinstellings gestoor
event-visit-gate-online = Die hek is terug
event-gate-online = Die hek is aanlyn
event-gate-offline = Die hek is vanlyn
event-other = Iets anders het gebeur

audit = Bewys van wat gebeur het
    .note = Elke inskrywing van hierdie interkom se verhaal is gebind aan almal voor dit, sodat geeneen ongemerk verander of weggelaat kan word nie.
audit-good = { $entries ->
        [one] 1 inskrywing, soos dit geskryf is.
       *[other] { $entries } inskrywings, almal soos hulle geskryf is.
    } { $signed ->
        [0] Nog geeneen is onderteken nie.
        [one] Teen 1 handtekening gehou.
       *[other] Teen { $signed } handtekeninge gehou.
    }
audit-bad = Inskrywing { $entry } { $how ->
        [missing] ontbreek.
        [changed] is verander.
        [not-as-signed] is nie wat die diens onderteken het nie.
       *[unsigned] dra ’n handtekening wat nie die diens s’n is nie.
    } Wat daarvan af kom, bewys niks. Kontak ondersteuning.
audit-unsigned = Die diens het hierdie verhaal nog nie onderteken nie; dit doen so binne ’n uur.
audit-last = Laaste handtekening
    .note = Die diens onderteken hoe ver die verhaal gekom het: wanneer dit begin, elke honderd inskrywings, en ’n uur ná ’n verandering.
audit-at = Onderteken
audit-entries = Inskrywings
audit-link = Skakel van die laaste een
audit-sig = Handtekening
audit-keep = Hou ’n kopie
    .note = ’n Kopie wat elders gehou word, wys elke latere verandering voor sy laaste handtekening. Dit bevat ID’s en tye, geen name, nommers of kodes nie.
audit-lines = Lyne (NDJSON)
audit-table = Tabel (CSV)

hooks = Webhake
    .note = Sê vir jou ander stelsels wat gebeur
hooks-help = Wat met jou toestelle gebeur, word na hierdie adresse gestuur, onderteken volgens die Standard Webhooks-skema.
hooks-none = Daar is nog geen webhaak nie.
hook = Webhaak
hook-add = Voeg ’n webhaak by
    .note = Van nou af word elke gebeurtenis oor jou toestelle daarheen gestuur, totdat dit met 2xx beantwoord word: agt keer binne 28 uur.
hook-url = Adres
    .note = https:// en ’n gasheer op die openbare internet.
hook-url-too-long = Die adres is langer as 500 karakters.
hook-url-not-https = Tik ’n adres wat met https:// begin en ’n gasheer noem.
hook-url-not-public = Hierdie adres is nie op die openbare internet nie.
hook-made = Die webhaak is gemaak
    .note = Met hierdie geheim toets die ontvanger of ’n boodskap ons s’n is.
hook-rotated = Die nuwe geheim
    .note = Boodskappe word vir 24 uur ook met die ou geheim onderteken. Gee die ontvanger binne daardie tyd die nuwe een.
hook-secret = Geheim
hook-secret-once = Dit word net nou gewys. Hou dit veilig.
hook-secret-kept = Ek het dit gehou
hook-new = Nog niks om te sê nie
hook-works = Werk
hook-fails = Neem nie boodskappe nie
hook-told = Laas geneem
hook-never = nooit
hook-failed = Laas nie geneem nie
hook-messages = Boodskappe
hook-since = Gemaak
hook-waiting = { $messages ->
        [0] Geeneen wag nie.
        [one] 1 wag.
       *[other] { $messages } wag.
    }
hook-dead = { $messages ->
        [0] Geeneen is opgegee nie.
        [one] 1 is opgegee.
       *[other] { $messages } is opgegee.
    }
hook-answered = Die ontvanger het { $status } geantwoord.
hook-silent = Geen antwoord binne 10 sekondes nie.
hook-unreached = Die ontvanger kan nie bereik word nie.
hook-not-public = Die adres lei nêrens heen op die openbare internet nie.
hook-broke = Die verbinding het gebreek.
hook-test = Stuur ’n toets
    .note = Een boodskap van die tipe webhook.test, nou.
hook-test-taken = Geneem: { $status } geantwoord ná { $ms } ms.
hook-test-enough = Jy het vir eers genoeg getoets. Wag ’n paar minute.
hook-untold = Opgegee
    .note = Die ontvanger het hierdie nie binne 28 uur geneem nie.
hook-tell-again = Sê alles weer
hook-rotate = Maak ’n nuwe geheim?
    .note = Dit word een keer gewys. Die ou een onderteken ook nog vir 24 uur.
hook-rotate-button = Nuwe geheim
hook-end = Vee hierdie webhaak uit?
    .note = Niks word meer daar gesê nie, en wat wag, word vergeet.
done-hook-ended = Uitgevee. Niks word meer daar gesê nie.
done-hook-revived = Hulle word nou weer gesê.

## opening a gate without a code, and API keys
press = Maak oop
press-again = Maak weer oop
press-offline = Die hek is nie nou bereikbaar nie. Niks is gestuur nie, en niks word later gestuur nie.
press-asked = Die hek is gevra om oop te maak…
press-silent = Nog geen antwoord van die hek nie. Hierdie bladsy sê wanneer dit laat weet.
press-opened = Die hek het om { $at } oopgemaak.
press-said-late = Die hek het om { $at } gesê dat dit oopgemaak het, of net voor dit sy krag verloor het.
press-not = Die hek het nie oopgemaak nie: { $why ->
    [cancelled] jy mag dit nie meer oopmaak nie.
    [late] die versoek het te laat gekom.
    [connection] dit het sy verbinding verloor.
    [soon] dit het ’n oomblik tevore vir iemand anders oopgemaak, of krag gekry.
   *[fault] dit het ’n fout.
}

keys = API-sleutels
    .note = Vir ander stelsels van jou, soos ’n slim huis, wat hekke vir jou oopmaak of dophou.
keys-none = Jy het nog geen gemaak nie.
key-new = Maak ’n API-sleutel
key-name = Naam
    .note = Waarvoor dit is, soos Home Assistant. Net jy sien dit.
key-verbs = Wat dit mag doen
key-verb-list = die toestelle lys
key-verb-status = sien of hulle aanlyn is
key-verb-logs = sien wat daar gebeur het
key-verb-trigger = hekke oopmaak
key-verb-access = sien wie toegang het, met hul nommers
key-devices = By watter toestelle
key-device = { $name }
key-make = Maak dit
key-made = Die sleutel is gemaak.
    .note = Dit word net nou gewys. Hou dit waar jou ander stelsel geheime hou: wie dit het, mag dit alles doen.
key-kept = Ek het dit gebêre
key-used = laas gebruik om
key-unused = nog nie gebruik nie
key-revoke = Herroep { $name }?
    .note = Die sleutel werk dadelik nie meer nie. Dit kan nie ongedaan gemaak word nie; jy kan ’n ander een maak.
key-revoke-button = Herroep
done-key-revoked = Herroep. Die sleutel maak niks meer oop nie.

field-verbs = Kies ten minste een ding wat dit mag doen.
field-devices = Kies ten minste een toestel.

problem-too-many-api-keys = Twintig API-sleutels is genoeg; herroep eers een.
problem-api-key-unknown = Stuur ’n API-sleutel wat nie herroep is nie.
problem-api-key-scope = Hierdie API-sleutel is nie daarvoor goed nie.
problem-gate-not-opened = Die hek het nie oopgemaak nie, en sal nie vir hierdie versoek nie.
problem-gate-not-confirmed = Die hek is gevra om oop te maak en het nog nie geantwoord nie.

## People a device is shared with

problem-not-csv = Die lys kon nie gelees word nie. Stoor dit as CSV in UTF-8.
problem-no-wifi-access = Die eienaar het jou nie toegelaat om oor Wi-Fi oop te maak nie.
problem-access-not-now = Jou toegang geld nie nou nie.
problem-already-shared = Die toestel is reeds met hierdie nommer gedeel. Verander op hul bladsy wat hulle mag.
problem-invitation-too-long = Huurders mag nie vir so lank nooi nie.
problem-too-many-invitations = Jy het soveel gaste as wat huurders mag. Beëindig ’n uitnodiging, of wag tot een verby is.
problem-too-many-people = Die toestel is met soveel mense gedeel as wat kan.
people = Gebruikers
    .note = Wie hierdie toestel mag gebruik, en hoe.
people-none = Niemand is nog genooi nie.
people-invite = Nooi iemand
done-invited = Genooi. Hulle sien die toestel wanneer hulle met hul nommer aanmeld.
done-removed = Verwyder. Die toestel is weg van hul lys af.
access = Toegang
access-own = Jou toegang
access-choose = Watter toegang kry hulle?
access-full = Vol
    .note = Altyd. Mag almal nooi en gebruikers bestuur; die Eenmalige Toegang-instellings bly die eienaar s’n.
access-tenant = Huurder
    .note = Altyd. Mag gaste vir kort tye nooi, binne die huurderinstellings.
access-always = Altyd
    .note = Altyd. Mag niemand nooi nie.
access-repeat = Herhalend
    .note = Op sommige dae van die week, op sommige ure.
access-temporary = Tydelik
    .note = Van een oomblik tot ’n ander; dan eindig dit vanself.
person-until = tot { $at }
person-from = vanaf { $at }
person-not-now = nie op hierdie tyd nie
person-ended = verby sedert { $at }
person-type = Verander die tipe
person-phone = Selfoonnommer
    .note = Met die landkode, of soos jy dit in jou land skakel.
person-name = Naam
    .note = Wat jy hulle noem. Net wie gebruikers bestuur, sien dit.
person-notes = Notas
    .note = Wat jy van hulle wil onthou, soos die nommer van hul woonstel.
person-days = Dae
    .note = Die dae waarop die ure begin.
person-begins = Van
    .note = Volgens die horlosie by die toestel:
person-ends = Tot
    .note = ’n Tyd wat nie ná “Van” is nie, is een van die volgende dag.
person-ends-itself = Dan eindig die toegang vanself.
person-wifi = Mag oor Wi-Fi oopmaak, van waar hulle ook al is
person-grant-taken = Vir wanneer jy daardie toestemming wegneem; anders bly hul kodes.
person-grant = Mag eenmalige kodes stuur, en al die kodes van hierdie interkom sien en uitvee
person-remove = Verwyder
person-remove-ask = Verwyder { $name }?
    .note = Die toestel verdwyn dadelik uit hul app, en wat hulle daarmee opgestel het, hou op.
person-also-codes = { $codes ->
        [one] Vee ook die kode uit wat hulle gemaak het
       *[other] Vee ook die { $codes } kodes uit wat hulle gemaak het
    }
    .note = Tensy jy dit merk, gaan dit aan totdat die tyd verby is.
person-also-guests = { $guests ->
        [one] Verwyder ook die gas wat hulle genooi het
       *[other] Verwyder ook die { $guests } gaste wat hulle genooi het
    }
    .note = Tensy jy dit merk, gaan dit aan totdat die tyd verby is.
person-also-both = Vee ook die kodes uit wat hulle gemaak het ({ $codes }) en verwyder die gaste wat hulle genooi het ({ $guests })
    .note = Tensy jy dit merk, gaan albei aan totdat hul tyd verby is.
tenants = Huurderinstellings
    .note = Vir hoe lank huurders gaste mag nooi, en hoeveel op ’n slag.
tenants-help = Dit geld dadelik vir alle huurders, ook vir dié wat reeds hier is.
tenants-length = { span }
tenants-longest = Langste uitnodiging
    .note = Geen gas van ’n huurder kom en gaan vir langer as dit nie.
tenants-most = Gaste op ’n slag
    .note = Van 1 tot 100 vir elke huurder. ’n Plek is weer vry wanneer ’n uitnodiging eindig.
import = Voer ’n lys in
    .note = Baie gebruikers op een slag, uit ’n sigblad.
import-help = Een gebruiker per reël: naam, selfoonnommer, notas. ’n Eerste reël met die name van die kolomme word oorgeslaan. Hoogstens 1 000 reëls.
import-type = Almal op die lys wat nuut is, kry dit. Wie reeds hier is, hou wat hulle het.
import-file = ’n CSV-lêer
import-list = Of plak die lys
    .note = Plaaslike nommers word as nommers van jou eie land geneem.
import-look = Kyk wat sou gebeur
import-do = Voer in
import-would = Niks is nog verander nie. Nuut: { $added }. Reeds hier: { $there }. Nie geneem nie: { $bad }.
import-did = Ingevoer. Nuut: { $added }. Reeds hier: { $there }. Nie geneem nie: { $bad }.
import-header = Reël { $line }: name van die kolomme, oorgeslaan
import-will-add = Reël { $line }: sal bygevoeg word
import-added = Reël { $line }: bygevoeg
import-there = Reël { $line }: reeds hier, onveranderd
import-duplicate = Reël { $line }: dieselfde nommer as reël { $of }, nie geneem nie
import-bad-phone = Reël { $line }: dit is nie ’n selfoonnommer nie, nie geneem nie
import-bad-name = Reël { $line }: die naam is te lank of het vreemde karakters, nie geneem nie
import-bad-notes = Reël { $line }: die notas is te lank of het vreemde karakters, nie geneem nie
import-bad-columns = Reël { $line }: daar is meer kolomme as naam, nommer en notas, nie geneem nie
day-monday = Maandag
day-tuesday = Dinsdag
day-wednesday = Woensdag
day-thursday = Donderdag
day-friday = Vrydag
day-saturday = Saterdag
day-sunday = Sondag
field-days = Kies ten minste een dag.
field-from = Kies van wanneer af.
field-until = Kies ’n tyd wat later is en nog nie verby is nie.
field-notes = Tik hoogstens 500 karakters.
field-longest-invitation-minutes = Kies van 15 minute tot drie dae.
field-max-active-invitations = Tik ’n nommer van 1 tot 100.
code-by-former = Deur ’n vorige gebruiker gemaak

# Lang lyste van kodes en van mense

import-bad-quotes = Reël { $line }: ’n aanhalingsteken ontbreek of is te veel, nie geneem nie
history-no-older = Daar is niks ouer nie.
import-looking = Die lys word bekyk…
import-doing = Die lys word ingevoer…
