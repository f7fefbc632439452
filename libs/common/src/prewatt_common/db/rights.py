"""What a service may do with its tables. They belong to the role that migrates; the service's own
role owns nothing, so it can drop, alter or empty no table, and switch no trigger off. Nobody else
comes in: PostgreSQL lets every role of the server into a new database, whoever made that."""

from sqlalchemy import Connection, text

_ALL = """
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO {role};
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}
"""
_STANDING = """
SELECT t.tgrelid::regclass::text AS name,
       CASE WHEN cardinality(t.tgattr::int[]) = 0 THEN '' ELSE (
           SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
           FROM pg_attribute AS a
           WHERE a.attrelid = t.tgrelid AND a.attnum > 0 AND NOT a.attisdropped
             AND a.attnum <> ALL (t.tgattr::int[])
       ) END AS free
FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
WHERE p.proname = 'refuse_change' AND NOT t.tgisinternal
ORDER BY 1
"""
"""Tables whose rows stand, and which columns may change all the same: it is the trigger that says
so, once, and the rights follow it."""
_OWNERS = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind = 'r' AND obj_description(oid, 'pg_class') = 'the owner writes it'
"""
"""Tables of what is done to the others by people with the owner's rights: the migration says so of
each in a comment."""


def grant_rights(connection: Connection, *, role: str) -> None:
    """Give ``role`` what a service needs and no more, on every table that there is by now. The
    role is there already, and is not the one that migrates."""
    quote = connection.dialect.identifier_preparer.quote
    quoted = quote(role)
    database = quote(connection.execute(text("SELECT current_database()")).scalar_one())
    for statement in _ALL.format(database=database, role=quoted).split(";\n"):
        connection.execute(text(statement))
    for name, free in connection.execute(text(_STANDING)).all():
        connection.execute(text(f"REVOKE UPDATE, DELETE ON {name} FROM {quoted}"))
        if free:
            connection.execute(text(f"GRANT UPDATE ({free}) ON {name} TO {quoted}"))
    for (name,) in connection.execute(text(_OWNERS)).all():
        connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE ON {name} FROM {quoted}"))
