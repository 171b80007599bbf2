"""Why a mail was not delivered: one reason word from what a server said, by its words first, by its codes second.

The reason words are sisimai's, which the field's tools share. The rules are general: phrases servers of many makes use.
"""

from __future__ import annotations

import re

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.\-@:/=(\w])([45]\d\d)(?=[ \-:;,#)]|$)(?![\d.])")

# Order matters: the particular before the general.
_PHRASES: tuple[tuple[str, str], ...] = (
    ("delivered", r"\b(?:message|mail) (?:was )?(?:successfully )?(?:delivered|relayed) (?:to|successfully)"),
    (
        "networkerror",
        r"lost connection with|connection (?:with|to) .{0,60}lost|dns type 'mx' lookup .{0,80}nxdomain",
    ),
    (
        "policyviolation",
        r"for policy reasons|(?:by|to) (?:.{0,12})?policy\b|because its content|host network not allowed",
    ),
    ("notcompliantrfc", r"multiple [^\n]{0,40}addresses in from"),
    ("toomanyconn", r"connection frequency"),
    ("filtered", r"recipient preferences|refused by (?:the )?recipient"),
    ("securityerror", r"turn on smtp auth|unauthenticated senders|delivery not authorized"),
    ("syntaxerror", r"malformed address"),
    (
        "authfailure",
        r"dmarc|\bspf\b|sender policy framework|dkim.{0,40}(?:fail|invalid|not pass)"
        r"|unauthenticated (?:e-?mail|mail)\b|not have authentication information|domain owner discourages"
        r"|fails? (?:sender )?authentication|failed .{0,20}authentication checks"
        r"|not authorized to send from|doesn't pass .{0,20}(?:spf|dkim)|sender id .{0,10}fail",
    ),
    (
        "virusdetected",
        r"virus (?:detected|found|infected)|contains? (?:a )?virus|infected (?:with|message|by)"
        r"|message (?:is|was) infected"
        r"|virus .{0,30}(?:reject|removed|quarantin)|malware",
    ),
    (
        "requireptr",
        r"reverse[ \-]?(?:dns|lookup|mapping|hostname)|\bptr\b|\brdns\b|(?:cannot|can't|unable to|could not"
        r"|failed to) (?:find|resolve|get) (?:your )?(?:reverse|hostname)"
        r"|client host rejected: cannot find your|hostname .{0,40}does not (?:match|resolve)"
        r"|ip .{0,40}(?:has )?no (?:host ?name|reverse)"
        r"|(?:cannot|can't) resolve your|fix reverse|ip name lookup failed|unverif[iy]+able (?:sending )?ip"
        r"|ip address .{0,20}not resolve",
    ),
    (
        "badreputation",
        r"(?:poor|low|bad|very low) (?:ip |domain |sender |email )*reputation|reputation of"
        r"|due to .{0,30}reputation|senderscore|reputation (?:score|is)",
    ),
    (
        "toomanyconn",
        r"too many (?:connections|concurrent|sessions|smtp sessions|recipients|simultaneous)"
        r"|connection (?:rate|limit)|max(?:imum)? (?:number of )?(?:connections|recipients)"
        r"|exceed(?:s|ed)? .{0,30}(?:connections|recipients per)|simultaneous connections|number of recipients",
    ),
    (
        "speeding",
        r"receiving (?:mail|messages|e-?mail) (?:at a rate|too (?:fast|quickly))|rate (?:that"
        r"|which) prevents|too (?:fast|quickly)|mail (?:rate|sent too)"
        r"|sending rate|rate[ \-]?limit|throttl|daily (?:sending )?(?:quota|limit)|hourly limit|message rate",
    ),
    (
        "systemfull",
        r"insufficient (?:system )?(?:storage|disk)|(?:disk|file ?system|spool|system) (?:is )?full"
        r"|no space left|disk quota .{0,10}system|mail system full",
    ),
    (
        "mailboxfull",
        r"(?:mail ?box|inbox|mail ?drop|mail folder|account|user|storage|recipient"
        r"|maildir).{0,40}(?:is )?(?:full|over ?(?:quota|limit)|over its|exceed(?:ed|s)?.{0,20}(?:quota"
        r"|limit|storage|size))"
        r"|over ?(?:the )?(?:disk |maximum |allowed |storage )?quota|quota (?:exceeded|is exceeded|exceed"
        r"|violation|limit|full|has been)|exceed(?:s|ed)?.{0,40}quota"
        r"|(?:not enough|insufficient|no) (?:storage|disk|quota)? ?space|out of (?:storage )?space"
        r"|mail ?box.{0,30}too large|quota (?:allocated|for)"
        r"|user .{0,60}overquota|overquota|mail ?box exceeds|storage (?:limit|allocation) exceeded|capacity"
        r"|容量|l'espace de stockage|boîte .{0,20}pleine|delivery failed: over",
    ),
    (
        "exceedlimit",
        r"message (?:size )?exceeds? (?:the )?(?:maximum|fixed|limit)? ?(?:size )?.{0,30}(?:for|of) (?:this "
        r"|the )?(?:recipient|mailbox|user)"
        r"|too large for (?:the|this) (?:recipient|mailbox)|size limit (?:of|for) (?:the "
        r"|this )?(?:recipient|mailbox)|message length exceeds",
    ),
    (
        "mesgtoobig",
        r"message (?:is )?too (?:big|large|long)|(?:message|mail|body|data|file) size (?:exceeds?|is too"
        r"|limit|larger)|exceed(?:s|ed)? .{0,40}(?:message )?size"
        r"|size limit|maximum (?:message )?size|larger than (?:the )?.{0,20}(?:limit|maximum)"
        r"|message exceeds|line limit exceeded",
    ),
    (
        "suspend",
        r"(?:mail ?box|account|user|e-?mail|recipient|address|domain).{0,60}(?:is |has been |was |been "
        r"|temporarily |currently )*(?:suspend|disabled|inactive|locked|frozen|deactivated|expired"
        r"|not active|unpaid|blocked by admin|on hold|turned off)"
        r"|(?:disabled|suspended|inactive|locked|deactivated|expired) (?:e-?mail |mail |user "
        r"|recipient )?(?:account|user|mail ?box|recipient|address)|not accepting .{0,20}inactiv"
        r"|boîte .{0,20}(?:désactiv|suspend)",
    ),
    (
        "hasmoved",
        r"has (?:moved|changed)|user (?:has )?moved|no longer (?:works|at|with)"
        r"|address .{0,20}(?:has )?(?:changed|been replaced)|please (?:forward|try|use) .{0,20}(?:instead"
        r"|new address)|moved (?:to|permanently)|mailbox moved",
    ),
    (
        "norelaying",
        r"(?:unable|not permitted|not allowed|denied|refused|prohibited|cannot|rejected|no"
        r"|not) (?:to )?rel(?:ay|aying)\b|relay(?:ing)? (?:access |mail )?(?:not|denied|is not|prohibited"
        r"|attempt|rejected|operation)"
        r"|rcpthosts|insecure mail relay|not (?:a |an )?(?:open relay|permitted to relay)"
        r"|mail server requires authentication when (?:attempting to )?send|as a relay"
        r"|access denied .{0,20}relay",
    ),
    (
        "blocked",
        r"(?:black|block|deny)[ \-]?list|\bdnsbl\b|\brbls?\b|\(bl\)|spamhaus|spamcop|sorbs|invalid ip\b"
        r"|blocked for abuse|smtp server of your isp|unwanted messages have been sent|\bhelo\b|\behlo\b"
        r"|dial-?up|dynamic (?:ip|address)"
        r"|\b(?:ip|ips|ip address|adresse ip|client|client host|server|network|host)\b[^.\n]{0,50}(?:block"
        r"|banned|blacklist|listed|denied|reject|bloqu|not (?:allowed|permitted) to connect)"
        r"|(?:block|banned|denied|reject|refus)\w* [^.\n]{0,30}\b(?:ip|ip address|client host"
        r"|your (?:network|server|host))\b|not accepting connections"
        r"|connections? (?:from .{0,60})?(?:will )?(?:not|no longer|refused|rejected)(?: be)? (?:accepted"
        r"|allowed|by)"
        r"|refused to talk to me|banned|gr[ae]y ?list|service not available[^.\n]{0,30}\[",
    ),
    (
        "spamdetected",
        r"(?:classified|identified|detected|considered|recognized|marked|rejected|flagged|blocked|refused"
        r"|tagged|looks like|appears to be|likely|regarded|deemed|suspected)[^.\n]{0,60}\bspam"
        r"|spam (?:message|content|score|detected|filter|rejected|mail|reject|pattern|protect|refused"
        r"|engine)|\bspam[ ,.\-]{0,2}(?:rejected|refused|like)|unsolicited|\bjunk\b|\bube\b|\buce\b"
        r"|bulk mail|high probability of spam|is spam\b|spamassassin|reject[^\n]{0,40}\bspam\b",
    ),
    (
        "rejected",
        r"(?:sender|envelope|originat|from|return[ \-]path|mail from"
        r"|domain of sender)\b[^.\n]{0,60}(?:reject|denied|not (?:valid|exist|accept|allowed|permitted"
        r"|resolve|found|verified)|invalid|refus|does not (?:exist|resolve)|doesn't (?:exist|resolve)"
        r"|unknown|blocked|must)|(?:reject|denied|refus|invalid|blocked|unknown|unverified"
        r"|bad)\w* (?:the )?(?:sender|from address|envelope|originat|return)"
        r"|<> (?:is |invalid|not)|not (?:authorized|allowed|permitted) to (?:send|post)"
        r"|do not have permission to (?:post|send)|permission to post|sender'?s (?:address|domain)"
        r"|may not (?:post|exist|have permission)|members? only|only .{0,30}(?:can|may) (?:post|send)"
        r"|access to the list|send mail as|^\W*(?:\d{3}[ \-]*)?(?:\d\.\d\.\d\W*)?access denied",
    ),
    (
        "policyviolation",
        r"polic(?:y|ies)|violat|not allowed (?:header|content|attachment)|prohibited"
        r"|attachment .{0,40}(?:not (?:allowed|permitted|accept)|reject|block|forbidden)|forbidden"
        r"|administrative prohibition|content restriction|blocked .{0,20}(?:file|attachment|extension)"
        r"|dangerous|suspicious",
    ),
    (
        "notaccept",
        r"null ?mx|does ?(?:n't|not) (?:accept|receive) (?:any )?(?:e-?mail|mail)|(?:couldn't"
        r"|could not) find a mail exchanger|no mx|smtp protocol not (?:available|supported)"
        r"|host [^\n]{0,40}does not receive|mail receiving disabled"
        r"|type=mx: malformed|domain name .{0,20}no mail|could not find a gateway"
        r"|mail from .{0,30}not accepted",
    ),
    (
        "networkerror",
        r"dns type 'mx' lookup|too many hops|hop count|loops? back|mail(?:er)? loop|loop (?:detected|alert)"
        r"|routing loop|name server[^\n]{0,40}(?:timeout|fail|timed)|dns query failed|dns .{0,20}temporar"
        r"|no route to host|network (?:is )?(?:unreachable|error|problem)"
        r"|connection (?:refused|reset|lost|dropped|was dropped|closed|abort)|host (?:is )?unreachable"
        r"|no answer from host|lost connection|conversation with [^\n]{0,60}lost|temporary lookup"
        r"|establish an smtp connection|mail forwarding loop",
    ),
    (
        "hostunknown",
        r"\b(?:host|domain|hostname|name server|mail server)s?(?: name)?(?: [a-z0-9.\-]+)? ?(?:is "
        r"|was )?(?:unknown|not found|(?:does|do)(?:n't| not) exist|not exist|invalid|cannot be (?:found"
        r"|resolved)|couldn't be found)|(?:unknown|no such|illegal|unrouteable|invalid"
        r"|non-?existent) (?:mail )?(?:host|domain|mail domain|destination domain)"
        r"|(?:cannot|can't|couldn't) (?:find|resolve) (?:the )?(?:any )?(?:host|domain|mail server)|nxdomain"
        r"|dns lookup failure|name or service not known|host or domain name not found"
        r"|because the domain .{0,60}couldn't be found|no data record|domain is not reachable"
        r"|[\w\-]+\.[a-z]{2,} does not exist",
    ),
    (
        "userunknown",
        r"(?:user|mail ?box|recipient|account|address|addressee|mail ?drop|e-?mail|rcpt|alias|local part"
        r"|inbox|username|person|name|customer|member|party|to|destination)s?\b[^\n]{0,80}?(?:unknown"
        r"|(?:does|do|did|is|was|has|could|can) ?(?:not|n't)[ \-]*(?:exist|found|be found|listed|known|valid"
        r"|recogni[sz]ed|available|have|in our|a valid|a user|configured|registered|here|match|receive)"
        r"|not (?:exist|found|known|valid|listed|recogni[sz]ed|available|a valid|here|in directory|local"
        r"|registered|our|in my|unique)|undefined|invalid|non-?existent|is (?:not|no longer) (?:available"
        r"|valid|active|a)|isn't|unavailable|no longer|terminated|discontinued|closed|removed|deleted"
        r"|incorrect)"
        r"|(?:no such|unknown|invalid|no|bad|illegal|nonexistent|non-existent|unrouteable|unroutable"
        r"|undeliverable|incorrect|not a valid|wrong|not a known|unrecognized|no valid|undefined|deleted"
        r"|not our)[ \-]+(?:local )?(?:user|mail ?box|recipients?|account|address|addressee|person|alias"
        r"|e-?mail|name|customer|local|mail ?drop|destination|rcpt|one|subscriber|domain user)"
        r"|(?:user|mailbox|recipient|account|address) (?:unknown|invalid|not found)"
        r"|can ?not find (?:the )?(?:user|mailbox|recipient|address)|\bdoesn't have (?:an?|a yahoo|a mail)"
        r"|does not have an? .{0,30}(?:account|mailbox)|is not (?:one of our|a known|known|found|here"
        r"|accept)|there is no one|^\W*(?:\d{3}[ \-]*)?\W*(?:\d\.\d\.\d\W*)?(?:recipient )?address"
        r" rejected\b|does not like recipient|this account is not allowed|unrouteable|no mailbox (?:here|by)"
        r"|no hay|benutzer|destinatario|utilisateur|adresse (?:d au moins|e-mail|inconnue)|dest(?:i"
        r"|in)ataire|見つかりません|リストにありません|no existe|inconnu|unbekannt|user does not"
        r"|local delivery .{0,20}unknown|account .{0,20}(?:unavailable|does not)|could not be found"
        r"|wasn't found|was not found",
    ),
    (
        "notcompliantrfc",
        r"rfc ?\d{3,4}|not (?:rfc )?compliant|multiple (?:addresses|from|subject)|missing (?:header|required"
        r"|from|date|message-id|to)|duplicate (?:header|from)|non-?rfc|header .{0,40}(?:missing|not valid"
        r"|required|invalid)|too many .{0,20}header",
    ),
    (
        "securityerror",
        r"authentication (?:required|failed|failure|turned on|unsuccessful|credentials)|(?:requires?"
        r"|must issue a|need) (?:an? )?(?:starttls|authentication|tls|encrypt)|not authenticated"
        r"|auth(?:entication)? fail|invalid credentials|certificate|starttls|\btls\b|executable|security"
        r"|credentials|log ?in .{0,20}first|password",
    ),
    (
        "onhold",
        r"on hold|under review|pending approval|awaiting (?:moderat|approv)|quarantined",
    ),
    (
        "expired",
        r"time(?:d)?[ \-]?out|retry time|too long|delivery time expired|been (?:in the )?(?:queue|undeliver"
        r"|trying|attempt)|(?:message|mail|queue|delivery|period).{0,40}expir|expired"
        r"|could not be delivered for|not (?:been )?deliver(?:ed|able) (?:for|in|within|after)|for more than"
        r"|(?:delay|warning|retr(?:y|ies)|attempts?)[^\n]{0,50}(?:fail|hours?|days?|exceed|delivery)"
        r"|delivery (?:temporarily )?(?:suspended|delayed|incomplete)|has been delayed|still being retried"
        r"|will (?:be retried|keep trying)|deferred|ga?i?ve?(?:ing)? up|failed \d+ attempts"
        r"|not accept our requests to connect",
    ),
    (
        "mailererror",
        r"(?:command|program|process|pipe|procmail|maildrop|script|shell)\b[^\n]{0,50}(?:fail|died|error"
        r"|not found|returned|exit|status|output|signal)|exit (?:code|status)|x-unix|error (?:calling"
        r"|running) program|mailer .{0,20}(?:died|error|fail)",
    ),
    (
        "contenterror",
        r"(?:mime|content|header|attachment|charset|format|encoding|8bit|message|body)\b.{0,40}(?:malformed"
        r"|improper|invalid|not (?:allowed|support|accept|readable)|bad|error|conversion|too deep|broken"
        r"|illegal|violat)|(?:malformed|improper|broken|illegal) (?:mime|message|header|content)"
        r"|unsupported (?:mime|content)",
    ),
    (
        "syntaxerror",
        r"malformed address|syntax error|unrecogni[sz]ed command|(?:command|parameter"
        r"|argument)s? (?:not (?:implemented|recogni[sz]ed)|invalid|unrecogni[sz]ed)|bad sequence"
        r"|not implemented|protocol error|invalid (?:argument|command|parameter)|need (?:rcpt|mail|helo)"
        r"|fully-qualified",
    ),
    (
        "systemerror",
        r"(?:system|server|internal|local|configuration|config|resource|software|technical|general"
        r"|processing|i/o|database|ldap|temporary|transient)\b.{0,20}(?:error|problem|failure|misconfig"
        r"|trouble|issue)|aliasing.{0,10}loop|cannot (?:create|open|write|lock|allocate)|unable to (?:create"
        r"|open|write|lock|process)|out of memory|misconfigur|can't (?:create|open|fork)|i/o error"
        r"|lookup .{0,20}(?:failed|failure)|could not load|please try (?:again )?later"
        r"|service (?:temporarily )?(?:unavailable|not available)|overload|busy",
    ),
    (
        "filtered",
        r"filter|extended (?:mail|reject)|user (?:reject|refus|does not want)|recipient (?:reject|refus"
        r"|does not (?:want|accept))|refused by (?:the )?(?:recipient|user|domain)"
        r"|not accepted by (?:the )?recipient|delivery not authorized|resolver\.rst|restricted"
        r"|not (?:allowed|permitted|authorized)|rejected by (?:the )?(?:recipient|user)|administrator",
    ),
)
_COMPILED = tuple((reason, re.compile(pattern, re.IGNORECASE)) for reason, pattern in _PHRASES)

_BY_STATUS = {
    "1.1": "userunknown", "1.2": "hostunknown", "1.3": "userunknown", "1.4": "filtered", "1.6": "hasmoved",
    "1.7": "rejected", "1.8": "rejected", "1.9": "expired", "1.10": "notaccept", "2.0": "filtered",
    "2.1": "suspend", "2.2": "mailboxfull", "2.3": "exceedlimit", "2.4": "filtered", "3.0": "systemerror",
    "3.1": "systemfull", "3.2": "notaccept", "3.4": "mesgtoobig", "3.5": "systemerror",
    "4.0": "networkerror", "4.1": "expired", "4.2": "networkerror", "4.3": "systemerror",
    "4.4": "hostunknown", "4.5": "mailboxfull", "4.6": "networkerror", "4.7": "expired",
    "5.0": "userunknown", "5.2": "syntaxerror", "5.3": "toomanyconn", "6.0": "contenterror",
    "6.1": "contenterror", "6.3": "contenterror", "6.5": "contenterror", "7.0": "securityerror",
    "7.1": "securityerror", "7.8": "securityerror", "7.9": "policyviolation", "7.13": "suspend",
    "7.20": "authfailure", "7.21": "authfailure", "7.22": "authfailure", "7.23": "authfailure",
    "7.24": "authfailure", "7.25": "requireptr", "7.26": "authfailure", "7.27": "notaccept",
    "7.509": "authfailure", "7.606": "blocked", "7.650": "badreputation",
}  # fmt: skip
# Codes that say it all; the others only where the words do not.
_STRONG = {
    "1.2",
    "1.6",
    "1.7",
    "1.8",
    "2.2",
    "2.3",
    "3.4",
    "4.7",
    "6.0",
    "6.1",
    "7.25",
    "7.26",
    "7.9",
    "7.13",
    "7.606",
    "7.650",
}
# Not the server's words: addresses, web pages, and the prefixes Postfix sets before the reason.
_NOISE = re.compile(
    r"https?://\S+|<?[^\s<>@]+@[^\s<>@:;,]+>?|\b(?:recipient|sender) address rejected: (?=[^\s(])"
    r"|(?:smtp )?error from remote (?:mail )?server after [^\n:]{1,40}(?::<[^>]*>)?"
    r"|resolver\.(?:adr|rst)\.|\[[0-9.:a-f]+\](?::\d+)?|see $|(?<=[a-z])'(?=s )",
    re.IGNORECASE,
)
_COMMANDS = re.compile(
    r"(?:>>> |<<< (?=rcpt|data)|after (?:end )?|did not like our |for |smtp command\s+|command: ?|phase: ?"
    r"|\[)(rcpt|of data|data|mail from|text)\b",
    re.IGNORECASE,
)
_IN_REPLY = re.compile(r"in reply to (?:end )?(of data|data|rcpt|mail|helo|ehlo)", re.IGNORECASE)
# What is only recognised before addresses and web pages are taken out.
_WHOLE = (
    (re.compile(r"groups\.google\.com/support", re.IGNORECASE), "rejected"),
    (re.compile(r"aborted after [\d.]+ hour", re.IGNORECASE), "expired"),
    (re.compile(r"recipient address rejected: access denied", re.IGNORECASE), "userunknown"),
)
_HARD = {"userunknown", "hostunknown", "hasmoved", "notaccept"}


def status_in(text: str) -> str:
    """The last enhanced status code (RFC 3463) in a text that says more than x.0.0, or that; "" for none."""
    found = _STATUS.findall(text)
    return next((code for code in reversed(found) if not code.endswith(".0.0")), found[-1] if found else "")


def reply_in(text: str) -> str:
    """The first SMTP reply code (RFC 5321) in a text; "" for none."""
    match = _REPLY.search(text)
    return match[1] if match else ""


def reason_of(status: str, texts: list[str]) -> str:
    """The reason word for what was said, the most particular text first ("undefined" for none)."""
    code = status[2:]
    if code in _STRONG:
        return _BY_STATUS[code]
    for pattern, reason in _WHOLE:
        if any(pattern.search(text[:6_000]) for text in texts):
            return reason
    spoken = next(filter(None, map(_by_words, texts[:2])), "")
    by_code = "" if code.endswith(".0") else _BY_STATUS.get(code, "")
    reason = spoken or by_code or next(filter(None, map(_by_words, texts[2:])), "")
    if reason == "userunknown" and (code in ("2.0", "7.1") or _was_read(texts[0] or texts[1], texts[-1])):
        return "filtered"  # the address exists: the code says so, or it was accepted and the mail refused once read
    return reason or _BY_STATUS.get(code, "undefined")


def _was_read(spoken: str, whole: str) -> bool:
    """Whether the server spoke after the whole mail, not after the address: by the closest command."""
    whole = whole[:8_000]
    at = whole.find(spoken.strip()[:30]) if spoken.strip() else -1
    before = _COMMANDS.findall(whole[:at] if at >= 0 else whole)
    after = _IN_REPLY.search(whole, max(at, 0))
    command = after[1] if after else (before[-1] if before else "")
    return command.lower().lstrip("of ").startswith(("data", "text", "."))


def _by_words(text: str) -> str:
    words = " ".join(_NOISE.sub(" ", text[:4_000]).split())
    return next((reason for reason, pattern in _COMPILED if pattern.search(words)), "")


def is_hard(status: str, reason: str) -> bool:
    """Whether sending again is futile: there is no such address or host, and it is not called temporary."""
    return reason in _HARD and not status.startswith("4")
