-- Another time is a move that stays where it is; a standing arrangement makes the
-- next meeting by itself, agreed by both beforehand.
insert into directory.exchange_move (from_state, to_state, by_whom) values
  ('proposed', 'proposed', '{helper,helped,broker}'),
  ('agreed',   'agreed',   '{helper,helped,broker}'),
  ('new',      'agreed',   '{system}');
