"""Under /scim/v2/."""

from django.urls import path, re_path

from rapport.api.scim import views

urlpatterns = [
    re_path(r"^(?P<kind>Users|Groups)/?$", views.collection, name="scim_collection"),
    re_path(r"^(?P<kind>Users|Groups)/\.search$", views.search, name="scim_search"),
    re_path(r"^(?P<kind>Users|Groups)/(?P<id>[^/]+)/?$", views.one, name="scim_one"),
    re_path(r"^(?P<what>ServiceProviderConfig)/?$", views.described, name="scim_config"),
    re_path(r"^(?P<what>ResourceTypes|Schemas)/?$", views.described, name="scim_described"),
    re_path(r"^(?P<what>ResourceTypes|Schemas)/(?P<id>[^/]+)/?$", views.described, name="scim_described_one"),
    path(".search", views.search_all, name="scim_search_all"),
    path("<path:rest>", views.nothing, name="scim_nothing"),
]
