"""How mail programs, in many languages, announce a quote, a forwarded mail or the telephone a mail was typed on."""

from __future__ import annotations

import re

# "wrote" as it stands in attribution lines; each is asked for beside a date or an address, so short words do no harm.
WROTE = re.compile(
    r"(?<![^\W_])(?:wrote|writes|said|schrieb|schreibt|geschrieben|(?:a |à |m')?[eé]crit|escribi[oó]|escribe"
    r"|va escriure|"
    r"escreveu|ha(?:i)? scritto|scritto|scrisse|schreef|geschreven|skrev(?: f[øo]lgende)?|skriver|kirjoitti|"
    r"napisa[lł](?:\(a\)|a)?|pisze|napsala?|nap[ií]sala?|p[ií][sš]e|[ií]rta|"
    r"a scris|написала?(?:\(а\))?|пишет|пише|написав|написа|yazd[ıi]|έγραψε|viết|đã viết|menulis|"
    r"rašė|kirjutas|rakst[iī]ja|napisao|je napisal)(?![^\W_])"
    r"|写道|寫道|写道|写了|さん?は書きました|が書きました|のメッセージ|님이 작성|작성:|כתב|كتب|เขียน|लिखा",
    re.IGNORECASE,
)
# The beginning of an attribution that goes on over several lines: a word of dating, a weekday, or a date itself.
ATTRIBUTION_START = re.compile(
    r"\W{0,6}(?:(?:on|at|le|am|el|em|il|op|den|dnia|w dniu|dne|dňa|pe|tarihinde|в|на|от|στις|ngày|pada|på"
    r"|d\.|kl\.)\s|在|"
    r"(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|lundi|mardi|mercredi"
    r"|jeudi|vendredi|"
    r"пн|вт|ср|чт|пт|сб|вс|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)[a-z]{0,6}\.?,?\s|"
    r"\d{1,4}[-/. ]|\d{1,2}[-/. ]|\d{4}年)",
    re.IGNORECASE,
)
# A dated line that announces a quote without any verb: "2016-10-24 15:36 GMT+02:00 Name <a@b>:"
DATED_NAME = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:,? \d{1,2}:\d\d(?::\d\d)?(?: (?:GMT|UTC)?[+-]\d\d:?\d\d)? [^\n<>:]{1,80}"
    r"| [^\n<>:]{1,80} <[^<>\s]*@[^<>\s]*>:?$|,? \d{1,2}:\d\d[^\n<>]{0,100}<\s*[^<>\s]*@[^<>\s]*>:?$)"
)
# "-----Original Message-----" in any language: dashes, a few words, dashes. And the ones without dashes.
ORIGINAL = re.compile(
    r"[\s*>]{0,4}(?:-{2,}|_{5,}|={3,}|–{2,}|—{2,})\s?[^\W\d_][^\n\-_=]{4,50}?\s?(?:-{2,}|_{5,}|={3,}|–{2,}"
    r"|—{2,})[\s*]*"
    r"|\s*(?:begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-?mail)"
    r"|d[eé]but du message (?:r[eé]exp[eé]di[eé]|transf[eé]r[eé])|"
    r"inicio del mensaje reenviado|inizio messaggio inoltrato|begin doorgestuurd bericht"
    r"|in[ií]cio da mensagem (?:reenviada|encaminhada)|"
    r"vidarebefordrat brev|start p[åa] videresendt melding|пересылаемое сообщение)\s?:\s*",
    re.IGNORECASE,
)
FROM_LABEL = re.compile(
    r"[\s*_]{0,6}(?:from|von|de|da|van|fra|från|od|от|від|kimden|gönderen|lähettäjä|feladó|odesílatel"
    r"|odosielateľ|de la|expéditeur|"
    r"mittente|remitente|remetente|afzender|avsender|afsender|nadawca|отправитель|από|发件人|寄件者|寄件人|差出人|送信者"
    r"|보낸 사람|보낸사람|"
    r"מאת|من|จาก|từ|dari)\*?\s?[:：]\*?\s*\S",
    re.IGNORECASE,
)
LABEL = re.compile(r"[\s*_]{0,6}[^\W\d_][\w .\-]{0,22}\*?\s?[:：]\*?(?:\s|$|\S)")
SIGNATURE_DELIMITER = re.compile(r"\s{0,3}(?:--|—|–|__)[ \t\u00a0]*|_{5,}|-- ?\u200b?")
DEVICE = re.compile(
    r"\W{0,6}(?:"
    r"(?:sent|posted|written|typed|composed) (?:from|via|with|by|using|on)\b.{0,120}|from my .{2,40}"
    r"|get .{0,3}outlook for .{2,80}|(?:\w+ )?from (?:a |my )?(?:mobile|phone|iphone|ipad|android|tablet)"
    r"|envoy[eé] (?:depuis|de|[aà] partir|avec|via)\b.{0,80}|t[eé]l[eé]charger outlook pour .{2,60}"
    r"|(?:von|aus) meine[mr] .{2,60}(?:gesendet|geschickt)|(?:gesendet|gesandt|geschickt) (?:von|mit|via"
    r"|aus)\b.{0,80}"
    r"|diese nachricht wurde von meinem .{2,80}gesendet|outlook f[uü]r (?:ios|android) beziehen"
    r"|enviado (?:desde|do|de|a partir|pelo|con|com|via)\b.{0,80}|obtener outlook para .{2,60}"
    r"|obter o outlook para .{2,60}"
    r"|inviato (?:da|dal|con|tramite)\b.{0,80}|scarica outlook per .{2,60}"
    r"|verzonden (?:vanaf|via|met|van|vanuit)\b.{0,80}|verstuurd (?:vanaf|via|met|van)\b.{0,80}"
    r"|outlook voor (?:ios|android) downloaden"
    r"|(?:sendt|skickat|skickades|l[aä]hetetty|odoslan[eé]|odesl[aá]no|wys[lł]ane|elk[uü]ldve|trimis|poslano"
    r"|poslato|siunt[eę]s?) (?:fra|fr[aå]n|med|min|via|z|ze|od|de la|din|iz|s|mobilem|iphone|androidilta"
    r"|.{2,30}sta).{0,80}"
    r"|l[aä]hetetty .{2,60}|iphone'?umdan g[oö]nderildi.{0,40}|.{2,30}'?(?:umdan|imden|dan|den) g[oö]nderildi"
    r"|отправлено (?:с|из|от|через)\b.{0,80}|надіслано (?:з|із|від)\b.{0,80}|изпратено от .{2,60}"
    r"|στάλθηκε από .{2,60}"
    r"|從我的 .{2,40} ?傳送|发自我的.{2,40}|發自我的.{2,40}|我的.{2,20}发送|.{0,20}iphone ?から送信|.{2,20}から送信"
    r"|나의 .{2,20}에서 보냄|נשלח מה.{2,30}|أرسلت من .{2,30}"
    r"|ᐧ"
    r")\W{0,4}",
    re.IGNORECASE,
)
