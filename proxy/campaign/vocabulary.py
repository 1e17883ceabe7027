"""Words of many languages by which subjects are read: titles, months, what numbers stand behind.

Owns: the lists, all in lower case, and without accents where `folded` takes them away.
Does not own: what follows from a word (`names`, `numbers`, `dates`).

Lists end somewhere. A word that is missing leaves a part of the subject standing, and so a campaign
more; `waypost report` says so where nearly all campaigns are of one message.
"""

import unicodedata
from typing import Final

_PLAIN: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def folded(word: str) -> str:
    """Return a word as it is compared: in lower case, without accents (`Zoë` is `zoe`)."""
    if word.isascii():
        return word.lower()
    split = unicodedata.normalize("NFKD", word.casefold().translate(_PLAIN))
    return "".join(each for each in split if not unicodedata.combining(each))


def spellings(word: str) -> frozenset[str]:
    """Return how a word may be written in ASCII: `Jörg` is `jorg` or `joerg`."""
    if word.isascii():
        return frozenset({word.lower()})
    composed = unicodedata.normalize("NFC", word.casefold())
    return frozenset({folded(word), folded(composed.translate(_UMLAUTS))})


def _words(text: str) -> frozenset[str]:
    return frozenset(map(folded, text.split()))


ROLES = _words("""
    info news newsletter newsletters sale sales shop store order orders service services support
    contact kontakt contacto contact office buero hello hallo team admin mail email e post test tests
    user users reader readers customer customers kunde kunden client clients cliente clientes member
    members mitglied subscriber subscribers guest gast person people recipient recipients list all
    alle everyone everybody staff web webmaster postmaster noreply reply account accounts invoice
    invoices rechnung rechnungen bestellung bestellungen billing payment payments marketing press
    presse job jobs career hr it help hilfe booking bookings reservation event events group gruppe
    company firma company example demo dev me home work private box inbox spam
    the and for you your our my new with from this that not are was one two und der die das den dem
    ein eine fur mit von neu neue auf ist les des une pour avec nouveau los las una con para nuevo
    del sur per una van het een voor met
""")
"""Never a reader's name, though display names and addresses have them."""

AMBIGUOUS = _words("""
    will may mark bill rose summer winter autumn spring april june august march monday friday sunday
    best price page young long day king queen grace hope joy faith art dean chase grant rich sunny
    star sky ray dawn eve iris lily daisy ivy olive ruby pearl amber jade violet rosemary holly
    christian christmas noel natale pat sue drew rob nick jack frank max mercy victor victory angel
    green brown black white gray grey gold silver field wood woods stone hill hall lake rivers banks
    cook baker miller taylor carter walker porter hunter fisher mason page rice berry bush flowers
    love power strong sharp swift fast early late good great little small big major general
    parker case chance church cross day english french german holland holiday homes house
    sommer herbst fruhling ernst kaiser kurz lang neu gross klein weiss schwarz rot braun koch preis
    rabatt tag woche freitag montag sonntag mai januar wolf vogel baum berg bach stein sonne glaser
    reich frei held winter kraft licht gold silber konig richter schneider fischer mode kuchen
    rosa luz sol cruz leon mar paz alba flores fuentes campos vega blanco rey reyes santos domingo
    dulce esperanza pilar mercedes victoria gloria belle petit grand legrand noir blanc roux roi
    printemps avril aime juste bien soleil lumiere fleur perle marine clair claire bella stella luna
    sole serena grazia felice bianco rosso costa fontana an any so do he she my
    вера надежда любовь роза лилия слава мир
""")
"""Names that are words as well: a reader's only where somebody is addressed, or in a whole name."""

PARTICLES = _words("""
    van von vom zu zur zum den der de del della di da do dos das du des la le les el al bin ibn ben
    ter ten af av st y e
""")
"""Stand between the words of a name."""

TITLES = _words("""
    mr mrs ms miss mx sir dr prof herr herrn frau fraulein m mme mlle monsieur madame mademoiselle
    senor senora senorita sr sra srta don dona d dna sig signor signora dott dottor dottoressa ing
    dhr mevr mevrouw meneer pan pani pana hr fru pani bay bayan г гн госпожа господин
    liebe lieber liebes geehrte geehrter verehrte verehrter cher chere chers querido querida estimado
    estimada caro cara prezado prezada egregio bienvenido bienvenida bem-vindo szanowny szanowna
    drogi droga vazeny vazena mily mila уважаемый уважаемая дорогой дорогая
""")
"""Change with who is addressed (`Liebe Frau`, `Lieber Herr`), and are part of what is theirs."""

ELIDED: Final = frozenset({"d", "o"})
"""Stand before a name with an apostrophe (`d'Anna`, `O'Brien`)."""

OF: Final = frozenset({"de", "da", "do", "di"})
"""Change with the name behind them (`de Paul`, `d'Anna`)."""

GREETINGS = _words("""
    hi hello hey dear hiya welcome congratulations congrats thanks sorry hallo moin servus willkommen
    danke gluckwunsch guten liebe lieber geehrte geehrter bonjour salut bonsoir cher chere bienvenue
    merci hola querido querida estimado estimada gracias ola oi caro cara ciao salve gentile benvenuto
    benvenuta grazie beste hoi dag czesc witaj drogi droga hej hei kjaere kara kare bok ahoj dobry
    привет здравствуйте здравствуй уважаемый уважаемая дорогой дорогая merhaba sevgili sayin
    birthday geburtstag anniversaire cumpleanos day for fur pour para voor dla для
""")
"""Somebody is addressed behind them."""

NUMBERED = _words("""
    order orders ordernumber purchase customer client account acct member membership subscriber user
    reader guest patient person recipient invoice bill receipt payment transaction booking reservation
    confirmation ticket case request ref reference id tracking shipment parcel package delivery quote
    quotation claim policy contract code pin otp po rma return refund application incident enquiry
    inquiry donation registration voucher coupon licence license serial flight seat room
    bestellung auftrag kunde kunden kundin rechnung buchung reservierung sendung paket lieferung
    vorgang anfrage fall konto mitglied vertrag police angebot gutschrift quittung zahlung beleg
    aktenzeichen az teilnehmer leser leserin nutzer benutzer gast patient retoure spende anmeldung
    gutschein bestatigung ihrer flug
    commande facture reservation colis dossier compte adherent abonne devis contrat billet reference
    suivi livraison paiement demande cliente remboursement
    pedido cliente factura reserva envio paquete cuenta socio referencia compra caso solicitud recibo
    pago contrato codigo presupuesto expediente vuelo encomenda fatura conta compra
    ordine fattura prenotazione spedizione pacco conto riferimento codice pratica ricevuta volo
    bestelling klant factuur boeking reservering zending pakket klantnummer lid vlucht
    zamowienie zamowienia klient faktura rezerwacja przesylka paczka zgloszenie
    bestallning kund kunde faktura bokning paket ordre bestilling objednavka zakaznik
    заказ заказа заказу клиент счет счета бронирование посылка заявка обращение договор код билет
    siparis siparisiniz musteri fatura rezervasyon
""")
"""The number behind them is an order's, a customer's, or of something else that one reader has."""

NUMBER_ENDINGS: Final = ("nummer", "number", "nr", "номер", "numarasi", "numer")
"""Of words that mean such a number: Bestellnummer, Kundennr."""

NUMBERED_CJK: Final = (
    *(
        "番号",
        "コード",
        "注文",
        "予約",
        "お客様",
        "会員",
        "伝票",
        "订单",
        "订单号",
        "訂單",
        "編號",
        "编号",
    ),
    *(
        "单号",
        "客户",
        "会员",
        "验证码",
        "驗證碼",
        "快递",
        "번호",
        "주문",
        "예약",
        "고객",
        "회원",
        "코드",
    ),
)
"""The same in languages without spaces; what comes before a number ends with one."""

SIGNS = _words("no nr n num numero number nummer id is ist lautet est es nro núm nº n° č br sz о")
"""May stand between such a word and its number."""

ISSUES = _words("""
    issue no nr num numero number nummer week weeks wk w edition ed volume vol part chapter episode ep
    day round season level lesson unit module step tip version release letter matchday book
    ausgabe woche kw kalenderwoche heft folge teil kapitel lektion tag runde staffel stufe band
    spieltag turchen schritt advent jahrgang edition modul
    semaine numero chapitre partie lecon jour etape saison tome semana capitulo parte leccion dia
    boletin boletim edicion edicao volumen episodio temporada settimana puntata capitolo parte lezione
    giorno uitgave week deel hoofdstuk les aflevering wydanie tydzien odcinek czesc rozdzial
    utgave utgava uge vecka uke afsnit avsnitt del tyden cast dil
    выпуск неделя номер часть глава урок день серия hafta sayi bolum
""")
"""The number behind them tells issues apart."""

COUNTED = _words("""
    message messages notification notifications follower followers comment comments reply replies
    mention mentions invitation invitations reaction reactions
    nachricht nachrichten benachrichtigung benachrichtigungen kommentar kommentare mitteilung
    mitteilungen einladung einladungen erwahnung erwahnungen
    abonne abonnes commentaire commentaires mensaje mensajes notificacion notificaciones seguidor
    seguidores comentario comentarios messaggio messaggi notifiche berichten meldingen
    wiadomosci powiadomienia сообщение сообщения сообщений уведомление уведомления уведомлений
""")
"""Of these each reader has a number of their own: `3 new messages`."""

NEW = _words("""
    new unread missed neue neuer ungelesene nouveau nouveaux nouvelle nouvelles non lus nuevo nuevos
    nueva nuevas nuovo nuovi nuove nieuwe nowe nowych новых новые новое непрочитанных
""")
"""May stand between a number and what is counted."""

MONTHS = _words("""
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec
    januar jänner februar märz mai juni juli oktober dezember mär okt dez
    janvier février mars avril juin juillet août septembre octobre novembre décembre
    janv févr avr juil déc
    enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre
    ene abr ago dic
    janeiro fevereiro março maio junho julho setembro outubro novembro dezembro fev
    gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre giu lug ott
    januari februari maart mei augustus
    stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
    ledna února března dubna května června července srpna září října listopadu prosince
    augusti
    января февраля марта апреля мая июня июля августа сентября октября ноября декабря
    ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
""")

WEEKDAYS = _words("""
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so
    lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim
    lunes martes miércoles jueves viernes sábado domingo mié jue vie sáb dom
    segunda-feira terça-feira quarta-feira quinta-feira sexta-feira
    lunedì martedì mercoledì giovedì venerdì sabato domenica gio
    maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
    poniedziałek wtorek środa czwartek piątek sobota niedziela
    måndag tisdag onsdag torsdag fredag lördag söndag mandag tirsdag lørdag søndag
    понедельник вторник среда четверг пятница суббота воскресенье среду пятницу субботу
""")
"""Part of a date that they stand beside; alone they stay (`Black Friday`)."""

DATE_WORDS = _words("on by until till before from am bis vom zum ab den le du au el il op до")
"""Before `12/3` they say that it is a date."""

TIME_WORDS = _words("à um at alle ore kl om las às в as")
"""Before `14h` they say that it is a time of day."""

ARTICLES = _words("the den dem der le el il de of")
"""May stand between a weekday and its date."""
