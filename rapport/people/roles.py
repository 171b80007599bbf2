"""Addresses behind which nobody in particular sits: info@, support@, a family's mailbox. Pure.

Names of mailboxes by RFC 2142, and the words usual for them where the world writes mail; local parts are compared
without case, accents, digits at their end and anything behind a plus sign.
"""

import re
import unicodedata
from collections.abc import Iterable


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


_RFC_2142 = (
    "info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp "
    "list-request majordomo listserv owner request"
)
_MACHINES = (
    "noreply no-reply no_reply donotreply do-not-reply do_not_reply dontreply nicht-antworten nichtantworten "
    "keineantwort keine-antwort ne-pas-repondre nepasrepondre noresponder no-responder naoresponda nao-responda "
    "non-rispondere nonrispondere nepodpovedat niet-beantwoorden geenantwoord svaraej svarejej ikkesvar "
    "mailer-daemon mailerdaemon daemon bounce bounces bounced return returns-mail nobody null devnull root cron "
    "notification notifications notify notifier alert alerts alarm monitor monitoring automailer automated auto "
    "autoreply auto-reply system mailer smtp robot bot postfix donotanswer unsubscribe subscribe listmaster "
    "newsletter newsletters digest"
)
_ENGLISH = (
    "hello hi hey contact contacts contactus contact-us office reception frontdesk desk team teams all everyone "
    "staff company group people help helpdesk help-desk service services servicedesk service-desk customerservice "
    "customer-service customercare customer-care customers care client clients clientservices admin administrator "
    "administration administrators billing invoice invoices invoicing accounts accounting accountspayable payable "
    "accountsreceivable receivable payroll finance payments payment order orders purchase purchasing procurement "
    "shop store press media pr publicrelations events event booking bookings reservations reservation returns "
    "shipping delivery deliveries warehouse logistics dispatch legal law compliance privacy dataprotection "
    "data-protection dpo gdpr copyright dmca trademark jobs job careers career hr humanresources human-resources "
    "recruiting recruitment hiring feedback enquiries enquiry inquiries inquiry questions question ask ideas "
    "suggestions complaints complaint partners partner partnerships affiliates affiliate resellers investors "
    "investor ir investorrelations board management director directors secretary secretariat facilities "
    "maintenance it itsupport it-support tech techsupport technical dev developers engineering api web website "
    "general mailbox inbox post hq headquarters editor editors editorial newsroom subscriptions membership members "
    "community forum social webteam design studio lab research training education library school campus studio "
    "emergency safety trust trustandsafety fraud phishing spam ticket tickets reply replies incident incidents"
)
_GERMAN = (
    "kontakt kontakte anfrage anfragen auskunft buero sekretariat empfang zentrale verwaltung geschaeftsstelle "
    "geschaeftsfuehrung vorstand leitung vertrieb verkauf einkauf beschaffung bestellung bestellungen auftrag "
    "auftraege rechnung rechnungen rechnungswesen buchhaltung buchhalter mahnung mahnwesen finanzen kasse lohn "
    "kundenservice kundendienst kundenbetreuung kundencenter kunden hilfe technik edv stoerung stoerungen "
    "reklamation reklamationen beschwerde beschwerden versand lager retoure retouren personal personalabteilung "
    "bewerbung bewerbungen karriere ausbildung presse pressestelle oeffentlichkeitsarbeit redaktion veranstaltung "
    "veranstaltungen anmeldung buchung buchungen reservierung recht rechtsabteilung datenschutz "
    "datenschutzbeauftragter impressum mitglieder verein gemeinde pfarramt praxis kanzlei werkstatt hausverwaltung "
    "familie allgemein poststelle spenden mannschaft"
)
_FRENCH = (
    "accueil bonjour bureau secretariat direction administration gestion comptabilite compta facturation facture "
    "factures commande commandes achat achats vente ventes commercial commerciale boutique magasin livraison "
    "livraisons expedition retour retours serviceclient service-client serviceclients clientele sav assistance "
    "aide technique informatique recrutement rh emploi emplois candidature candidatures carriere juridique "
    "rgpd reclamation reclamations presse communication redaction evenement evenements reservation "
    "reservations inscription inscriptions adhesion adherents mairie partenaires equipe famille renseignements"
)
_SPANISH = (
    "hola contacto informacion informes oficina recepcion administracion direccion gerencia ventas venta comercial "
    "compras compra tienda pedido pedidos factura facturas facturacion contabilidad cobros pagos clientes "
    "atencionalcliente atencion-al-cliente atencioncliente atencion servicio soporte ayuda tecnico reclamaciones "
    "quejas envios devoluciones almacen logistica rrhh recursoshumanos empleo trabajo seleccion curriculum "
    "prensa comunicacion eventos reservas legal juridico protecciondedatos socios consultas sugerencias equipo familia"
)
_PORTUGUESE = (
    "contato contatos contacto geral secretaria escritorio recepcao administracao diretoria financeiro vendas "
    "compras loja pedidos encomendas fatura faturas faturacao faturamento nfe contabilidade cobranca pagamentos "
    "clientes atendimento suporte apoio ajuda sac ouvidoria reclamacoes envios devolucoes logistica rh "
    "recrutamento empregos vagas imprensa comunicacao eventos reservas juridico privacidade equipa equipe"
)
_ITALIAN = (
    "ciao contatti contatto informazioni segreteria ufficio amministrazione direzione acquisti vendite vendita "
    "commerciale negozio ordini ordine fatture fattura fatturazione contabilita pagamenti clienti assistenza "
    "servizioclienti aiuto tecnico reclami resi spedizioni magazzino logistica risorseumane lavoro curriculum "
    "stampa ufficiostampa comunicazione eventi prenotazioni legale squadra famiglia pec"
)
_NORTHERN = (
    # Dutch
    "informatie receptie secretariaat administratie directie verkoop inkoop winkel bestelling bestellingen factuur "
    "facturen boekhouding debiteuren crediteuren klantenservice klanten ondersteuning klachten "
    "retouren verzending magazijn personeelszaken vacatures sollicitatie pers communicatie redactie reserveringen "
    # Danish, Norwegian, Swedish, Finnish, Icelandic
    "kontakt kontakta kontor sekretariatet sekretariat salg forsaljning inkop ordre bestilling bestallning faktura "
    "fakturor regnskab regnskap bokforing ekonomi okonomi kundeservice kundtjanst kundservice hjelp hjaelp hjalp "
    "klage reklamasjon personal rekruttering rekrytering stilling jobb redaktion redaksjon booking "
    "bokning asiakaspalvelu myynti osto laskutus tilaukset toimisto tiedotus rekry tuki palaute yhteys "
    "bokhald thjonusta"
)
_EASTERN = (
    # Polish, Czech, Slovak, Slovene, Croatian, Hungarian, Romanian, Baltic
    "biuro sekretariat sprzedaz zakupy zamowienia faktury ksiegowosc obsluga obslugaklienta klienci pomoc serwis "
    "reklamacje kadry rekrutacja praca prasa rodo zarzad kancelar kancelaria podatelna obchod prodej nakup "
    "objednavky objednavka fakturace fakturacia ucetni uctarna podpora zakaznici zakaznickyservis reklamace reklamacie "
    "dotazy kariera tisk predaj pisarna prodaja narocila racunovodstvo podrska uprava prodaja racunovodstvo "
    "iroda titkarsag ugyfelszolgalat ertekesites beszerzes rendeles szamlazas konyveles allas sajto panasz "
    "contabilitate vanzari comenzi facturi secretariat clienti cariere birou pardavimai uzsakymai "
    "buhalterija klientai pagalba birojs pardosana gramatvediba klienti kontor muuk klienditugi raamatupidamine "
    # Russian, Ukrainian, Bulgarian, Serbian and Greek in Latin letters
    "zakaz zakazy prodazhi prodaji buh buhgalteria bukhgalteria kadry otdelkadrov pressa sekretar priemnaya "
    "podderzhka pochta zamovlennya prodazhi poruchki prodazbi schetovodstvo prodaja nabavka racunovodstvo "
    "epikoinonia pliroforie poliseis logistirio "
    # Turkish, Arabic and Persian in Latin letters, Indonesian, Malay, Vietnamese, Filipino
    "bilgi iletisim satis muhasebe destek musteri musterihizmetleri siparis fatura insankaynaklari ik basin "
    "yonetim mubayaat istiklamat informasi penjualan pembelian layanan layananpelanggan keuangan tagihan bantuan "
    "lowongan karir hubungi jualan khidmatpelanggan lienhe hotro banhang ketoan tuyendung chamsockhachhang tulong "
    # Chinese, Japanese, Korean as companies write them
    "kefu xiaoshou caiwu renshi zhaopin eigyo soumu keiri jinji saiyo toiawase otoiawase kouhou uketsuke "
    "gogaek yeongeop chaeyong"
)
_OTHER_SCRIPTS = (
    "инфо контакт контакты офис продажи поддержка бухгалтерия кадры заказ заказы секретарь почта приемная "
    "продажі підтримка бухгалтерія замовлення поръчки продажби счетоводство πωλησεις επικοινωνια πληροφοριες "
    "υποστηριξη 客服 销售 信息 联系 财务 人事 招聘 客服部 客服中心 銷售 財務 問い合わせ お問い合わせ 営業 総務 "
    "経理 採用 受付 "
    "문의 고객센터 고객지원 영업 인사 채용 معلومات دعم مبيعات اتصال المبيعات الدعم מידע תמיכה מכירות משרד "
    "ข้อมูล ติดต่อ ฝ่ายขาย जानकारी सहायता संपर्क"
)
_WRITTEN = (
    _RFC_2142, _MACHINES, _ENGLISH, _GERMAN, _FRENCH, _SPANISH, _PORTUGUESE, _ITALIAN, _NORTHERN, _EASTERN,
    _OTHER_SCRIPTS,
)  # fmt: skip
_ROLES = frozenset(_bare(word) for words in _WRITTEN for word in words.split())
#: What nobody is called: with a place or a language behind it, it is a role still.
_FIRSTS = frozenset((
    "info", "support", "sales", "contact", "kontakt", "contacto", "contato", "contatti", "office", "service", "billing",
    "vertrieb", "verkauf", "ventas", "vendas", "vendite", "ventes", "helpdesk", "customer", "kundenservice", "invoices",
    "rechnungen", "familie", "family", "famille", "familia", "famiglia",
))  # fmt: skip
#: Beginnings that say so whatever follows: noreply-orders, bounces+4711.
_BEGINNINGS = ("noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "bounce-", "bounces-", "mailer-daemon")
_ENDINGS = ("-noreply", "-no-reply", ".noreply", "-request", "-bounces", "-owner", "-unsubscribe", "-subscribe")
_DIGITS = re.compile(r"[-_.]?\d{1,3}$")
_WORDS = re.compile(r"[-_.]")
#: Letters that have no accent to take off; as mail addresses write them.
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "å": "a", "ł": "l", "ı": "i"}
)
_NAMES_MIN = 2


def is_role_address(address: str) -> bool:
    """Whether an e-mail address, by the name of its mailbox, is a function's and no human being's."""
    local = address.partition("@")[0].strip().casefold().partition("+")[0]
    if not local or "@" not in address:
        return False
    if local.startswith(_BEGINNINGS) or local.endswith(_ENDINGS):
        return True
    return any(_is_role(form) for form in _forms(local))


def several_names(names: Iterable[str]) -> list[str]:
    """Names of different people among those one address signed with, where each was met more than once.

    "Ann Ex", "Ex, Ann" and "A. Ex" are one human being; "Ann Ex" and "Bob Ex" are two. Empty where all may be one.
    """
    counted: dict[frozenset[str], list[str]] = {}
    for name in names:
        if words := _words(name):
            counted.setdefault(words, []).append(name)
    often = [(words, found[0]) for words, found in counted.items() if len(found) >= _NAMES_MIN]
    kept: list[tuple[frozenset[str], str]] = []
    for words, name in sorted(often, key=lambda one: (-len(one[0]), one[1])):
        if not any(_may_be_one(words, other) for other, _ in kept):
            kept.append((words, name))
    return sorted(name for _, name in kept) if len(kept) > 1 else []


def _forms(local: str) -> set[str]:
    spelled = local.translate(_LETTERS)
    return {one for form in (local, spelled) for one in (_bare(form), _DIGITS.sub("", _bare(form)))}


def _is_role(local: str) -> bool:
    if local in _ROLES:
        return True
    parts = _WORDS.split(local)
    # sales-berlin, support.de: a role and where. Steve may be jobs.steve, so not every role stands first.
    return len(parts) == 2 and (parts[0] in _FIRSTS or set(parts) <= _ROLES)


def _words(name: str) -> frozenset[str]:
    return frozenset(word for word in re.split(r"[\W_]+", _bare(name.translate(_LETTERS))) if word)


def _may_be_one(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two names may be one human being's: the words of the shorter are in the longer, initials counted."""
    short, long = sorted((one, other), key=len)
    return all(any(word == w or (min(len(word), len(w)) == 1 and word[0] == w[0]) for w in long) for word in short)
