"""The addresses of people and organizations."""

from django.urls import path

from rapport.web import (
    custom_fields,
    organization_edit,
    organizations,
    people,
    people_bulk,
    people_export,
    people_import,
    people_merging,
    people_segments,
    person,
    person_edit,
    person_relations,
)

_P = "people/<uuid:person_id>/"
_O = "organizations/<uuid:organization_id>/"

urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/import/", people_import.imports, name="people_imports"),
    path("people/import/<uuid:import_id>/", people_import.one, name="people_import"),
    path("people/import/<uuid:import_id>/columns/", people_import.columns, name="people_import_columns"),
    path("people/import/<uuid:import_id>/reading/", people_import.reading, name="people_import_reading"),
    path("people/import/<uuid:import_id>/progress/", people_import.progress, name="people_import_progress"),
    path("people/import/<uuid:import_id>/left-out.csv", people_import.left_out, name="people_import_left_out"),
    path("people/import/<uuid:import_id>/do/<slug:verb>/", people_import.act, name="people_import_act"),
    path("people/export.<slug:form>", people_export.export, name="people_export"),
    path("people/count/", people.people_count, name="people_count"),
    path("people/new/", person_edit.person_new, name="person_new"),
    path("people/hint/", person_edit.handle_hint, name="handle_hint"),
    path("people/bulk/", people_bulk.people_bulk, name="people_bulk"),
    path("people/bulk/undo/<uuid:batch_id>/", people_bulk.people_bulk_undo, name="people_bulk_undo"),
    path("people/bulk/choices/<slug:what>/", people_bulk.people_bulk_choices, name="people_bulk_choices"),
    path(_P, person.person, name="person"),
    path(_P + "edit/", person_edit.person_edit, name="person_edit"),
    path(_P + "details/", person_edit.person_details, name="person_details"),
    path(_P + "handles/", person_edit.handle_add, name="handle_add"),
    path(_P + "handles/remove/", person_edit.handle_remove, name="handle_remove"),
    path(_P + "relationships/", person_relations.relationship_add, name="relationship_add"),
    path(
        _P + "relationships/<uuid:relationship_id>/", person_relations.relationship_change, name="relationship_change"
    ),
    path(_P + "merge/", people_merging.merge, name="person_merge"),
    path(_P + "release/", people_merging.release, name="handle_release"),
    path("people/merges/<uuid:merge_id>/apart/", people_merging.unmerge, name="person_unmerge"),
    path("people/releases/<uuid:release_id>/back/", people_merging.take_back, name="handle_return"),
    path(_P + "relationships/<uuid:relationship_id>/end/", person_relations.relationship_end, name="relationship_end"),
    path(_P + "watch/", people.watch_person, name="watch_person"),
    path("organizations/", organizations.organizations, name="organizations"),
    path("organizations/count/", organizations.organizations_count, name="organizations_count"),
    path("organizations/new/", organization_edit.organization_new, name="organization_new"),
    path(_O, organizations.organization, name="organization"),
    path(_O + "edit/", organization_edit.organization_edit, name="organization_edit"),
    path(_O + "domains/", organization_edit.domain_change, name="domain_change"),
    path(_O + "relationships/", organization_edit.organization_relationship, name="organization_relationship"),
    path(_O + "watch/", people.watch_organization, name="watch_organization"),
    path("segments/new/<slug:subject>/", people_segments.segment_new, name="segment_new"),
    path("segments/<uuid:segment_id>/", people_segments.segment_change, name="segment_change"),
    path("segments/<uuid:segment_id>/delete/", people_segments.segment_delete, name="segment_delete"),
    path("fields/", custom_fields.custom_fields, name="custom_fields"),
    path("fields/new/<slug:subject>/", custom_fields.custom_field_new, name="custom_field_new"),
    path("fields/<uuid:field_id>/", custom_fields.custom_field, name="custom_field"),
    path("fields/<uuid:field_id>/move/", custom_fields.custom_field_move, name="custom_field_move"),
]
