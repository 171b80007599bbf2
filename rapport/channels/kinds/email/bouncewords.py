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
        "authfailure",
        r"dmarc|\bspf\b.{0,40}(?:fail|not|reject|deny|denied|check)|sender policy framework|dkim.{0,40}(?:fail|invalid|not pass)"
        r"|unauthenticated (?:e-?mail|mail|sender)|domain owner discourages|fails? (?:sender )?authentication|failed .{0,20}authentication checks"
        r"|not authorized to send from|doesn't pass .{0,20}(?:spf|dkim)|sender id .{0,10}fail",
    ),
    (
        "virusdetected",
        r"virus (?:detected|found|infected)|contains? (?:a )?virus|infected (?:with|message|by)|message (?:is|was) infected"
        r"|virus .{0,30}(?:reject|removed|quarantin)|malware",
    ),
    (
        "requireptr",
        r"reverse[ \-]?(?:dns|lookup|mapping|hostname)|\bptr\b|\brdns\b|(?:cannot|can't|unable to|could not|failed to) (?:find|resolve|get) (?:your )?(?:reverse|hostname)"
        r"|client host rejected: cannot find your|hostname .{0,40}does not (?:match|resolve)|ip .{0,40}(?:has )?no (?:host ?name|reverse)"
        r"|(?:cannot|can't) resolve your|fix reverse",
    ),
    (
        "badreputation",
        r"(?:poor|low|bad|very low) (?:ip |domain |sender |email )*reputation|reputation of|due to .{0,30}reputation|senderscore|reputation (?:score|is)",
    ),
    (
        "toomanyconn",
        r"too many (?:connections|concurrent|sessions|smtp sessions|recipients|simultaneous)|connection (?:rate|limit)|max(?:imum)? (?:number of )?(?:connections|recipients)"
        r"|exceed(?:s|ed)? .{0,30}(?:connections|recipients per)|simultaneous connections|number of recipients",
    ),
    (
        "speeding",
        r"receiving (?:mail|messages|e-?mail) (?:at a rate|too (?:fast|quickly))|rate (?:that|which) prevents|too (?:fast|quickly)|mail (?:rate|sent too)"
        r"|sending rate|rate[ \-]?limit|throttl|daily (?:sending )?(?:quota|limit)|hourly limit|message rate",
    ),
    (
        "exceedlimit",
        r"message (?:size )?exceeds? (?:the )?(?:maximum|fixed|limit)? ?(?:size )?.{0,30}(?:for|of) (?:this |the )?(?:recipient|mailbox|user)"
        r"|too large for (?:the|this) (?:recipient|mailbox)|size limit (?:of|for) (?:the |this )?(?:recipient|mailbox)",
    ),
    (
        "mesgtoobig",
        r"message (?:is )?too (?:big|large|long)|(?:message|mail|body|data|file) size (?:exceeds?|is too|limit|larger)|exceed(?:s|ed)? .{0,40}(?:message )?size"
        r"|size limit|maximum (?:message )?size|larger than (?:the )?.{0,20}(?:limit|maximum)|message exceeds",
    ),
    (
        "systemfull",
        r"insufficient (?:system )?(?:storage|disk)|(?:disk|file ?system|spool|system) (?:is )?full|no space left|disk quota .{0,10}system|mail system full",
    ),
    (
        "mailboxfull",
        r"(?:mail ?box|inbox|mail ?drop|mail folder|account|user|storage|recipient|maildir).{0,40}(?:is )?(?:full|over ?(?:quota|limit)|over its|exceed(?:ed|s)?.{0,20}(?:quota|limit|storage|size))"
        r"|over ?(?:the )?(?:disk |maximum |allowed |storage )?quota|quota (?:exceeded|is exceeded|exceed|violation|limit|full|has been)|exceed(?:s|ed)?.{0,40}quota"
        r"|(?:not enough|insufficient|no) (?:storage|disk|quota)? ?space|out of (?:storage )?space|mail ?box.{0,30}too large|quota (?:allocated|for)"
        r"|user .{0,60}overquota|overquota|storage (?:limit|allocation) exceeded|capacity|容量|l'espace de stockage|boîte .{0,20}pleine|delivery failed: over",
    ),
    (
        "suspend",
        r"(?:mail ?box|account|user|e-?mail|recipient|address|domain).{0,60}(?:is |has been |was |been |temporarily |currently )*(?:suspend|disabled|inactive|locked|frozen|deactivated|expired|not active|unpaid|blocked by admin|on hold|turned off)"
        r"|(?:disabled|suspended|inactive|locked|deactivated|expired) (?:e-?mail |mail |user |recipient )?(?:account|user|mail ?box|recipient|address)|not accepting .{0,20}inactiv|boîte .{0,20}(?:désactiv|suspend)",
    ),
    (
        "hasmoved",
        r"has (?:moved|changed)|user (?:has )?moved|no longer (?:works|at|with)|address .{0,20}(?:has )?(?:changed|been replaced)|please (?:forward|try|use) .{0,20}(?:instead|new address)|moved (?:to|permanently)|mailbox moved",
    ),
    (
        "norelaying",
        r"(?:unable|not permitted|not allowed|denied|refused|prohibited|cannot|rejected|no|not) (?:to )?rel(?:ay|aying)\b|relay(?:ing)? (?:access |mail )?(?:not|denied|is not|prohibited|attempt|rejected|operation)"
        r"|rcpthosts|not (?:a |an )?(?:open relay|permitted to relay)|mail server requires authentication when (?:attempting to )?send|as a relay|access denied .{0,20}relay",
    ),
    (
        "spamdetected",
        r"(?:classified|identified|detected|considered|recognized|marked|rejected|flagged|blocked|refused|tagged|looks like|appears to be|likely|regarded|deemed|suspected)[^.\n]{0,60}\bspam"
        r"|spam (?:message|content|score|detected|filter|rejected|mail|reject|pattern|protect|refused|engine)|\bspam[ ,.\-]{0,2}(?:rejected|refused|like)|unsolicited|\bjunk\b|\bube\b|\buce\b|bulk mail|high probability of spam|is spam\b|spamassassin",
    ),
    (
        "blocked",
        r"(?:black|block|deny)[ \-]?list|\bdnsbl\b|\brbl\b|\brbls\b|spamhaus|spamcop|sorbs|barracuda(?:central|networks)|\b(?:ip|host|client|server|network|sender|connection|address|you are|range)\b.{0,60}(?:is |are |was |been )*(?:block|banned|blacklist|listed|denied|reject|refused (?:by|to)|not (?:allowed|permitted|authorized) (?:to )?(?:connect|send))"
        r"|(?:block|banned|denied|reject|refus)\w* .{0,40}\b(?:your )?(?:ip|host|ip address|client|network|server)\b|(?:access|connection) (?:denied|refused by|from .{0,40}(?:denied|rejected|refused))|connections? (?:will )?(?:not|no longer) (?:be )?(?:accepted|allowed)|not accept .{0,20}(?:connections|mail) from|bad (?:sender )?ip|dynamic (?:ip|address)|invalid (?:helo|ehlo)|helo|dial-?up"
        r"|refused to talk to me|service (?:unavailable|not available)[^.\n]{0,30}(?:client|host|\[)|we do not accept|your (?:ip|network|server) is|graylist|greylist|try again later; (?:your )?ip",
    ),
    (
        "rejected",
        r"(?:sender|envelope|originat|from|return[ \-]path|mail from|domain of sender)\b[^.\n]{0,60}(?:reject|denied|not (?:valid|exist|accept|allowed|permitted|resolve|found|verified)|invalid|refus|does not (?:exist|resolve)|doesn't (?:exist|resolve)|unknown|blocked|must)|(?:reject|denied|refus|invalid|blocked|unknown|unverified|bad)\w* (?:the )?(?:sender|from address|envelope|originat|return)"
        r"|<> (?:is |invalid|not)|not (?:authorized|allowed|permitted) to (?:send|post)|do not have permission to (?:post|send)|permission to post|sender'?s (?:address|domain)|may not (?:post|exist|have permission)|members? only|only .{0,30}(?:can|may) (?:post|send)|access to the list",
    ),
    (
        "policyviolation",
        r"polic(?:y|ies)|violat|not allowed (?:header|content|attachment)|prohibited|attachment .{0,40}(?:not (?:allowed|permitted|accept)|reject|block|forbidden)|forbidden|administrative prohibition|content restriction|blocked .{0,20}(?:file|attachment|extension)|dangerous|suspicious",
    ),
    (
        "notcompliantrfc",
        r"rfc ?\d{3,4}|not (?:rfc )?compliant|multiple (?:addresses|from|subject)|missing (?:header|required|from|date|message-id|to)|duplicate (?:header|from)|non-?rfc|header .{0,40}(?:missing|not valid|required|invalid)|too many .{0,20}header",
    ),
    (
        "securityerror",
        r"authentication (?:required|failed|failure|turned on|unsuccessful|credentials)|(?:requires?|must issue a|need) (?:an? )?(?:starttls|authentication|tls|encrypt)|not authenticated|auth(?:entication)? fail|invalid credentials|certificate|starttls|\btls\b|executable|security|credentials|log ?in .{0,20}first|password",
    ),
    (
        "onhold",
        r"on hold|under review|pending approval|awaiting (?:moderat|approv)|quarantined",
    ),
    (
        "userunknown",
        r"(?:user|mail ?box|recipient|account|address|addressee|mail ?drop|e-?mail|rcpt|alias|local part|inbox|username|person|name|customer|member|party|to|destination)s?\b[^\n]{0,80}?(?:unknown|(?:does|do|did|is|was|has|could|can) ?(?:not|n't)[ \-]*(?:exist|found|be found|listed|known|valid|recogni[sz]ed|available|have|in our|a valid|a user|configured|registered|here|match|receive)|not (?:exist|found|known|valid|listed|recogni[sz]ed|available|a valid|here|in directory|local|registered|our|in my|unique)|undefined|invalid|non-?existent|is (?:not|no longer) (?:available|valid|active|a)|isn't|unavailable|no longer|terminated|discontinued|closed|removed|deleted|incorrect)"
        r"|(?:no such|unknown|invalid|no|bad|illegal|nonexistent|non-existent|unrouteable|unroutable|undeliverable|incorrect|not a valid|wrong|not a known|unrecognized|no valid|undefined|deleted|not our)[ \-]+(?:local )?(?:user|mail ?box|recipients?|account|address|addressee|person|alias|e-?mail|name|customer|local|mail ?drop|destination|rcpt|one|subscriber|domain user)"
        r"|(?:user|mailbox|recipient|account|address) (?:unknown|invalid|not found)|can ?not find (?:the )?(?:user|mailbox|recipient|address)|\bdoesn't have (?:an?|a yahoo|a mail)|does not have an? .{0,30}(?:account|mailbox)|recipient address rejected|is not (?:one of our|a known|known|found|here|accept)|there is no one|this account is not allowed|unrouteable|no mailbox (?:here|by)|no hay|benutzer|destinatario|utilisateur|adresse (?:d au moins|e-mail|inconnue)|dest(?:i|in)ataire|見つかりません|no existe|inconnu|unbekannt|user does not|local delivery .{0,20}unknown|account .{0,20}(?:unavailable|does not)|could not be found|wasn't found|was not found",
    ),
    (
        "hostunknown",
        r"(?:host|domain|hostname|dns|name server|server|mx|site)\b[^\n]{0,60}(?:unknown|not found|(?:does|do)(?:n't| not) exist|not exist|nxdomain|lookup fail|invalid|cannot be (?:found|resolved)|couldn't be found|isn't (?:found|valid))|(?:unknown|no such|illegal|unrouteable|invalid|bad|non-?existent) (?:mail )?(?:host|domain|server|dns|destination domain)|cannot (?:find|resolve) (?:the )?(?:host|domain|mail server)|nxdomain|name or service not known|host or domain name not found|couldn't find any host|unrouteable (?:mail )?domain|no data record|address family not supported|recipient's domain",
    ),
    (
        "notaccept",
        r"nullmx|null mx|does ?(?:n't|not) accept (?:any )?(?:e-?mail|mail)|not accept(?:ing)? (?:any )?(?:e-?mail|mail|messages)|no mx|mail (?:is )?not accepted|\bmx\b .{0,40}(?:not|no|none|empty|0)|domain .{0,30}(?:no mail|not receive)|no (?:smtp|mail) service|refuses all mail|host .{0,20}does not receive|mail receiving disabled",
    ),
    (
        "networkerror",
        r"too many hops|hop count|loops? back|mail(?:er)? loop|loop detected|routing loop|name server .{0,40}(?:timeout|fail|timed)|dns .{0,30}(?:fail|temporar|timeout|error|query)|no route to host|network (?:is )?(?:unreachable|error|problem)|connection (?:refused|reset|lost|dropped|was dropped|closed|abort)|host (?:is )?unreachable|(?:couldn't|could not|unable to|can't|cannot) (?:connect|open|establish|contact)|no answer from host|lost connection|conversation with .{0,60}(?:timed|lost)|temporary lookup|host not reachable|unable to connect",
    ),
    (
        "expired",
        r"time(?:d)?[ \-]?out|retry time|too long|delivery time expired|been (?:in the )?(?:queue|undeliver|trying|attempt)|(?:message|mail|queue|delivery|period).{0,40}expir|expired|could not be delivered for|not (?:been )?deliver(?:ed|able) (?:for|in|within|after)|for more than|(?:delay|warning|retr(?:y|ies)|attempts?)[^\n]{0,50}(?:fail|hours?|days?|exceed|delivery)|delivery (?:temporarily )?(?:suspended|delayed|incomplete)|has been delayed|still being retried|will (?:be retried|keep trying)|deferred|gave up",
    ),
    (
        "mailererror",
        r"(?:command|program|process|pipe|procmail|maildrop|script|shell|filter|agent)\b[^\n]{0,50}(?:fail|died|error|not found|returned|exit|status|output|signal)|exit (?:code|status)|x-unix|error (?:calling|running) program|mailer .{0,20}(?:died|error|fail)",
    ),
    (
        "contenterror",
        r"(?:mime|content|header|attachment|charset|format|encoding|8bit|message|body)\b.{0,40}(?:malformed|improper|invalid|not (?:allowed|support|accept|readable)|bad|error|conversion|too deep|broken|illegal|violat)|(?:malformed|improper|broken|illegal) (?:mime|message|header|content)|unsupported (?:mime|content)",
    ),
    (
        "syntaxerror",
        r"syntax error|unrecogni[sz]ed command|(?:command|parameter|argument)s? (?:not (?:implemented|recogni[sz]ed)|invalid|unrecogni[sz]ed)|bad sequence|not implemented|protocol error|invalid (?:argument|command|parameter)|need (?:rcpt|mail|helo)|fully-qualified",
    ),
    (
        "systemerror",
        r"(?:system|server|internal|local|configuration|config|resource|software|technical|general|processing|i/o|database|ldap|temporary|transient)\b.{0,20}(?:error|problem|failure|misconfig|trouble|issue)|aliasing.{0,10}loop|cannot (?:create|open|write|lock|allocate)|unable to (?:create|open|write|lock|process|deliver)|out of memory|misconfigur|mail system|can't (?:create|open|fork)|i/o error|lookup .{0,20}(?:failed|failure)|proxy|service (?:temporarily )?(?:unavailable|not available)|overload|busy",
    ),
    (
        "filtered",
        r"filter|extended (?:mail|reject)|user (?:reject|refus|does not want)|recipient (?:reject|refus|does not (?:want|accept))|refused by (?:the )?(?:recipient|user|domain)|not accepted by (?:the )?recipient|delivery not authorized|resolver\.rst|restricted|not (?:allowed|permitted|authorized)|rejected by (?:the )?(?:recipient|user)|administrator",
    ),
)
_COMPILED = tuple((reason, re.compile(pattern, re.IGNORECASE)) for reason, pattern in _PHRASES)

_BY_STATUS = {
    "1.1": "userunknown", "1.2": "hostunknown", "1.3": "userunknown", "1.4": "filtered", "1.6": "hasmoved", "1.7": "rejected",
    "1.8": "rejected", "1.9": "expired", "1.10": "notaccept", "2.0": "filtered", "2.1": "suspend", "2.2": "mailboxfull",
    "2.3": "exceedlimit", "2.4": "filtered", "3.0": "systemerror", "3.1": "systemfull", "3.2": "notaccept", "3.4": "mesgtoobig",
    "3.5": "systemerror", "4.0": "networkerror", "4.1": "expired", "4.2": "networkerror", "4.3": "systemerror",
    "4.4": "hostunknown", "4.5": "mailboxfull", "4.6": "networkerror", "4.7": "expired", "5.0": "userunknown", "5.2": "syntaxerror",
    "5.3": "toomanyconn", "6.0": "contenterror", "6.1": "contenterror", "6.3": "contenterror", "6.5": "contenterror",
    "7.0": "securityerror", "7.1": "securityerror", "7.8": "securityerror", "7.9": "policyviolation", "7.13": "suspend", "7.20": "authfailure", "7.21": "authfailure",
    "7.22": "authfailure", "7.23": "authfailure", "7.24": "authfailure", "7.25": "requireptr", "7.26": "authfailure",
    "7.27": "notaccept", "7.509": "authfailure", "7.606": "blocked", "7.650": "badreputation",
}  # fmt: skip
_HARD = {"userunknown", "hostunknown", "hasmoved", "notaccept"}


def status_in(text: str) -> str:
    """The first enhanced status code (RFC 3463) in a text that says more than x.0.0, or that; "" for none."""
    found = _STATUS.findall(text)
    if not found:
        return ""
    return next((code for code in found if not code.endswith(".0.0")), found[0])


def reply_in(text: str) -> str:
    """The first SMTP reply code (RFC 5321) in a text; "" for none."""
    match = _REPLY.search(text)
    return match[1] if match else ""


def reason_of(status: str, diagnostic: str) -> str:
    """The reason word for what a server said ("undefined" when neither words nor code tell)."""
    text = " ".join(diagnostic[:4_000].split())
    by_code = _BY_STATUS.get(status[2:], "")
    for reason, pattern in _COMPILED:
        if pattern.search(text):
            return reason
    return by_code or "undefined"


def is_hard(status: str, reason: str) -> bool:
    """Whether sending again is futile: the address or the host is not there, and the server did not call it temporary."""
    return reason in _HARD and not status.startswith("4")
