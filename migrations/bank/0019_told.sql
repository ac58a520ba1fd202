-- Who has not heard of something is looked up by what it is about.
create index message_subject on message (bank_id, subject_id, created_at);

-- What ends is found by its day.
create index listing_ends on listing (bank_id, expires_on) where state in ('open', 'matched');
