-- What is not over of one member, for their first page, among all that they ever did.
create index exchange_open_helper on exchange (bank_id, helper_id) where state in ('proposed', 'agreed', 'done', 'disputed');
create index exchange_open_helped on exchange (bank_id, helped_id) where state in ('proposed', 'agreed', 'done', 'disputed');
