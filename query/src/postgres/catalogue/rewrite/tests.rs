use super::*;

#[test]
fn statements_are_read_as_postgres_means_them() {
    for (statement, expected) in [
        (
            "SELECT c.oid FROM pg_class c WHERE c.relname OPERATOR(pg_catalog.~) '^(x)$' COLLATE pg_catalog.default",
            "SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relname ~ '^(x)$'",
        ),
        (
            "SELECT pg_catalog.format_type(a, NULL) FROM pg_catalog.pg_attribute",
            "SELECT format_type(a, NULL) FROM pg_catalog.pg_attribute",
        ),
        ("SELECT 'public.area'::regclass", "SELECT to_regclass('public.area')"),
        ("SELECT c.reloftype::pg_catalog.regtype::pg_catalog.text", "SELECT format_type(c.reloftype, NULL)::TEXT"),
        ("SELECT current_user", "SELECT pg_session_user() AS \"current_user\""),
        ("SELECT x LIKE 'pg/_' || '%' ESCAPE '/'", "SELECT x LIKE 'pg\\_%'"),
        // Texts stay in their quotes, however they were written.
        ("SELECT 'a''b\\''c' FROM pg_class", "SELECT 'a''b\\''c' FROM pg_catalog.pg_class"),
        (
            "SELECT E'\\\\\\' OR 1=1 --'::regclass, x LIKE '!'' OR 1=1 --' ESCAPE '!' FROM t",
            "SELECT to_regclass('\\'' OR 1=1 --'), x LIKE '\\'' OR 1=1 --' FROM t",
        ),
        (
            "SELECT ARRAY(SELECT $$it's$$ FROM pg_class)",
            "SELECT (SELECT array_agg(s.x) FROM (SELECT 'it''s' FROM pg_catalog.pg_class) AS s (x))",
        ),
        // Values stay parameters.
        (
            "SELECT x LIKE $1 ESCAPE '!', $2::regclass, $3::text::regtype FROM pg_class",
            "SELECT x LIKE pg_like_pattern($1, '!'), to_regclass($2), to_regtype($3::TEXT) FROM pg_catalog.pg_class",
        ),
        (
            "SELECT (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) FROM pg_type t",
            "SELECT (SELECT max(c.relkind) FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid) FROM pg_catalog.pg_type t",
        ),
        (
            "SELECT a, i.indkey AS k FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid ORDER BY i.x",
            "SELECT CAST(NULL AS TEXT) AS \"a\", CAST(NULL AS TEXT) AS \"k\" WHERE false",
        ),
        ("SELECT r.k FROM (SELECT indkey AS k FROM pg_index) r", "SELECT CAST(NULL AS TEXT) AS \"k\" WHERE false"),
        ("SELECT ARRAY(SELECT roleid FROM pg_auth_members)", "SELECT CAST(NULL AS TEXT[])"),
        ("SELECT count(*) FROM pg_index", "SELECT count(*) FROM pg_catalog.pg_index"),
        (
            "SELECT c.relname, d.adsrc FROM pg_class c LEFT JOIN pg_attrdef d ON true",
            "SELECT c.relname, d.adsrc FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_attrdef d ON true",
        ),
        ("SELECT NULL, NULL, pg_backend_pid()", "SELECT NULL AS \"?column?\", NULL AS \"?column?2\", pg_backend_pid()"),
    ] {
        assert_eq!(rewritten(statement).as_deref(), Some(expected), "{statement}");
    }
}

#[test]
fn what_is_not_about_the_catalogue_goes_as_it_came() {
    for statement in [
        "SELECT area_name, rate_percent FROM indicator WHERE year = 2024",
        "SELECT 1",
        "SELECT version()",
        "SELECT pg_backend_pid()",
        "not sql at all pg_class",
        "SELECT oid AS \"a\"\"b\" FROM pg_class",
        "SET search_path = pg_catalog",
    ] {
        assert_eq!(rewritten(statement), None, "{statement}");
    }
}
