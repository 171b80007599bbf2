"""Every address of the pages."""

from django.conf import settings
from django.urls import include, path
from django.views.generic import RedirectView

from rapport.web import (
    account,
    acts,
    bodies,
    channels,
    conversation,
    health,
    inbox,
    languages,
    log,
    people,
    policy,
    quarantine,
    search,
    security,
    staff,
    teams,
)

_C = "c/<uuid:conversation_id>/"
_M = _C + "messages/<uuid:message_id>/"

urlpatterns = [
    path("", inbox.home, name="home"),
    path("inbox/<slug:name>/", inbox.inbox, name="inbox"),
    path("teams/<slug:slug>/", inbox.team_inbox, name="team_inbox"),
    path("rows/<slug:key>/", inbox.rows, name="rows"),
    path("counts/", inbox.counts, name="counts"),
    path("live-token/", inbox.live_token, name="live_token"),
    path(_C, conversation.conversation, name="conversation"),
    path(_C + "timeline/", conversation.timeline, name="timeline"),
    path(_C + "before/<uuid:before>/", conversation.earlier, name="earlier"),
    path(_C + "do/<slug:verb>/", acts.act, name="act"),
    path(_C + "files/<uuid:attachment_id>/", bodies.attachment, name="attachment"),
    path(_M + "undo/", acts.undo, name="undo"),
    path(_M + "resend/", acts.resend, name="resend"),
    path(_M + "whole/", bodies.whole, name="whole"),
    path(_M + "frame/", bodies.frame, name="frame"),
    path(_M + "raw/", bodies.raw, name="raw_message"),
    path("search/", search.search, name="search"),
    path("people/", people.people, name="people"),
    path("people/<uuid:person_id>/", people.person, name="person"),
    path("people/<uuid:person_id>/relationships/", people.relationship_add, name="relationship_add"),
    path(
        "people/<uuid:person_id>/relationships/<uuid:relationship_id>/end/",
        people.relationship_end,
        name="relationship_end",
    ),
    path("organizations/<uuid:organization_id>/", people.organization, name="organization"),
    path("policy/", policy.policy, name="policy"),
    path("policy/draft/", policy.change, name="policy_change"),
    path("policy/rules/new/", policy.rule, {"position": 0}, name="policy_rule_new"),
    path("policy/rules/<int:position>/", policy.rule, name="policy_rule"),
    path("policy/save/", policy.save, name="policy_save"),
    path("policy/import/", policy.import_file, name="policy_import"),
    path("policy/export.<slug:fmt>", policy.export, name="policy_export"),
    path("policy/versions/<int:number>/", policy.version, name="policy_version"),
    path("log/", log.log, name="events"),
    path("staff/", staff.staff, name="staff"),
    path("staff/members/new/", staff.member_new, name="member_new"),
    path("staff/members/<uuid:member_id>/", staff.member, name="member"),
    path("staff/teams/new/", teams.team_new, name="team_new"),
    path("staff/teams/<uuid:team_id>/", teams.team, name="team"),
    path("staff/hours/new/", teams.hours_new, name="hours_new"),
    path("staff/hours/<uuid:hours_id>/", teams.hours, name="hours"),
    path("channels/", channels.channels, name="channels"),
    path("channels/new/", channels.new, name="channel_new"),
    path("channels/<uuid:channel_id>/", channels.channel, name="channel"),
    path("channels/<uuid:channel_id>/switch/", channels.switch, name="channel_switch"),
    path("quarantine/", quarantine.quarantine, name="quarantine"),
    path("quarantine/<uuid:item_id>/replay/", quarantine.replay, name="quarantine_replay"),
    path("quarantine/<uuid:item_id>/raw/", quarantine.raw, name="quarantine_raw"),
    path("profile/", account.profile, name="profile"),
    path("theme/", account.theme, name="theme"),
    path("language/", languages.language, name="language"),
    path("security/", security.security, name="security"),
    path("security/sessions/end/", security.end_other_sessions, name="sessions_end"),
    path("security/sessions/<int:session_id>/end/", security.end_session, name="session_end"),
    path("account/2fa/", RedirectView.as_view(pattern_name="security"), name="mfa_index"),
    path("account/2fa/webauthn/", RedirectView.as_view(pattern_name="security"), name="mfa_list_webauthn"),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/sso/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("account/sso/", include("allauth.socialaccount.providers.saml.urls")),
    path("account/sso/cancelled/", account.sso_cancelled, name="socialaccount_login_cancelled"),
    path("account/sso/signup/", RedirectView.as_view(pattern_name="account_login"), name="socialaccount_signup"),
    path("account/sso/", RedirectView.as_view(pattern_name="security"), name="socialaccount_connections"),
    path("account/email/", RedirectView.as_view(pattern_name="profile"), name="account_email"),
    path("account/", include("allauth.account.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("favicon.ico", RedirectView.as_view(url=f"/{settings.STATIC_URL.strip('/')}/rapport/mark.svg")),
]

handler400 = "rapport.web.errors.bad_request"
handler403 = "rapport.web.errors.forbidden"
handler404 = "rapport.web.errors.not_found"
handler500 = "rapport.web.errors.broken"
