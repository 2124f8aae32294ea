//! Results of expressions, in tables.

use super::*;

/// The value as JSON, `missing`, or `undecided`.
fn value(source: &str, event: &str) -> String {
    let expression = Expression::compile(source).unwrap_or_else(|error| panic!("{error}"));
    let found = expression.read(&Json::parse(event).expect("valid"), None).expect("read");
    let mut evaluation = Evaluation::of_event(&expression.program, &found);
    match expression.evaluate(&mut evaluation) {
        Ok(Value::Missing) => "missing".into(),
        Ok(value) => writing::canonical(&value, &mut evaluation.steps).expect("there are steps left"),
        Err(_) => "undecided".into(),
    }
}

/// Holds a table of sources and values, over an event with this `data`.
fn holds(data: &str, table: &[(&str, &str)]) {
    let event = format!(r#"{{"name":"shop/order","ts":1767225600000,"data":{data}}}"#);
    for (source, expected) in table {
        assert_eq!(value(source, &event), *expected, "{source}");
    }
}

fn problem(source: &str) -> String {
    let text = Expression::compile(source).expect_err(source).to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    let begin = format!("expression {source:?} is not valid CEL: ");
    text.strip_prefix(&begin).unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[test]
fn what_is_missing_is_null() {
    holds(
        r#"{"n":5,"s":"x","null":null,"list":[1]}"#,
        &[
            // G21
            ("event.data.product.price > 3", "false"),
            ("event.data.missing == 'x' || event.data.n > 3", "true"),
            ("event.data.missing == null", "true"),
            ("null == event.data.missing", "true"),
            ("event.data.missing != null", "false"),
            ("event.data.null == null", "true"),
            ("event.data.null == 0", "false"),
            ("event.data.missing == 0", "false"),
            ("event.data.missing == ''", "false"),
            ("event.data.missing == false", "false"),
            ("event.data.missing != 'x'", "true"),
            // Inngest's: only null itself equals what is missing.
            ("event.data.a == event.data.b", "false"),
            ("event.data.a != event.data.b", "true"),
            ("event.data.null == event.data.missing", "true"),
            // Through what has no fields.
            ("event.data.s.a.b == null", "true"),
            ("event.data.n.a == null", "true"),
            ("event.data.list.a == null", "true"),
            ("event.data.list[7] == null", "true"),
            ("event.data.list[-1] == null", "true"),
            ("event.data.list[0.5] == null", "true"),
            ("event.data['s']['a'] == null", "true"),
            ("event.data.missing[event.data.s] == null", "true"),
            ("event.nothing.at.all", "missing"),
            ("has(event.data.n)", "true"),
            ("has(event.data.null)", "true"),
            ("has(event.data.missing)", "false"),
            ("!has(event.data.missing)", "true"),
            ("has(event.data.missing.deep)", "false"),
            ("has(event.data.s.deep)", "false"),
            // Functions and operators, but for the comparisons.
            ("!event.data.missing", "false"),
            ("!!event.data.missing", "true"),
            ("size(event.data.missing)", "0"),
            ("event.data.missing.size()", "0"),
            ("event.data.missing.contains('a')", "false"),
            ("event.data.s.contains(event.data.missing)", "false"),
            ("event.data.some.title.matches('a')", "false"),
            ("lowercase(event.data.missing)", "false"),
            ("event.data.missing - 1", "false"),
            ("-event.data.missing", "false"),
            ("event.data.missing in ['a']", "false"),
            ("event.data.missing in [null]", "false"),
            ("'a' in event.data.missing", "false"),
            ("event.data.missing.exists(x, x == 'a')", "missing"),
            ("event.data.missing.all(x, x == 'a')", "missing"),
            ("[event.data.missing, 1]", "[null,1]"),
            ("{'a': event.data.missing}", r#"{"a":null}"#),
        ],
    );
}

#[test]
fn what_is_missing_is_less_than_everything() {
    holds(
        r#"{"n":5,"neg":-5,"f":3.5,"s":"x","null":null,"b":true}"#,
        &[
            ("event.data.missing < 5", "true"),
            ("event.data.missing < -5", "true"),
            ("event.data.missing <= 5", "true"),
            ("5 < event.data.missing", "false"),
            ("5 <= event.data.missing", "false"),
            ("event.data.missing > 5", "false"),
            ("event.data.missing >= 5", "false"),
            ("5 > event.data.missing", "true"),
            ("5 >= event.data.missing", "true"),
            ("event.data.n > event.data.missing", "true"),
            ("event.data.a < event.data.b", "true"),
            ("event.data.a >= event.data.b", "false"),
            // Null is the other's zero.
            ("null < 5", "true"),
            ("null < -5", "false"),
            ("5 < null", "false"),
            ("null > 0", "false"),
            ("null <= 0", "true"),
            ("null < 0.5", "true"),
            ("null >= 1", "false"),
            ("event.data.neg < null", "true"),
            ("event.data.f > null && event.data.n > null", "true"),
            ("event.data.null < 'a'", "true"),
            ("'a' < null", "false"),
            ("null < true", "undecided"),
            ("null < null", "undecided"),
        ],
    );
}

#[test]
fn numbers_are_one_kind() {
    holds(
        r#"{"n":5,"f":5.0,"half":0.5,"big":18446744073709551615,"less":18446744073709551614,"edge":9007199254740993}"#,
        &[
            ("event.data.n == event.data.f", "true"),
            ("event.data.n == 5u", "true"),
            ("event.data.n >= 4.5 && event.data.half < 1", "true"),
            ("event.data.big == event.data.less", "false"),
            ("event.data.big > event.data.less", "true"),
            ("event.data.big > 1.0e30", "false"),
            ("event.data.edge == 9007199254740992.0", "false"),
            ("event.data.edge > 9007199254740992.0", "true"),
            ("-1 < -0.5 && -0.5 < 0 && 0 < 0.5", "true"),
            ("'1' == 1", "false"),
            ("true == 1", "false"),
            ("'a' < 1", "undecided"),
            ("event.data.n + 1", "6"),
            ("event.data.n + 1.5", "6.5"),
            ("event.data.f + 1", "6"),
            ("event.data.n - 7", "-2"),
            ("event.data.n * 2 - event.data.half", "9.5"),
            ("7 / 2", "3"),
            ("-7 / 2", "-3"),
            ("7 / 2.0", "3.5"),
            ("-7 % 4", "-3"),
            ("2 + 3 * 4 - 1", "13"),
            ("(2 + 3) * -(4 - 1)", "-15"),
            ("0x1F + 1", "32"),
            (".5 + 1e1", "10.5"),
            ("1 / 0", "undecided"),
            ("1 % 0", "undecided"),
            ("event.data.big + 1", "undecided"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("-9223372036854775808 - 1", "undecided"),
            ("1 - 'a'", "undecided"),
            ("double('NaN') == double('NaN')", "false"),
        ],
    );
}

#[test]
fn sums_put_texts_together() {
    let data = r#"{"name":"hi","n":9.1,"i":12345678,"f":5.0,"b":true,"null":null,"list":[3,"ok?",true],"o":{"k":"v"}}"#;
    holds(
        data,
        &[
            ("event.data.name + '-' + event.data.n", "\"hi-9.1\""),
            ("event.data.i + '-' + event.data.f + event.data.b", "\"12345678-5true\""),
            ("event.data.name + '-' + event.data.missing", "\"hi-\""),
            ("event.data.missing + '-x'", "\"-x\""),
            ("event.data.null + '-x'", "\"-x\""),
            ("event.data.missing + 5", "5"),
            ("event.data.x + event.data.y + event.data.z", "missing"),
            ("event.data.name + event.data.list + event.data.o", r#""hi[3,\"ok?\",true]{\"k\":\"v\"}""#),
            ("[1] + [2, 'a']", r#"[1,2,"a"]"#),
            ("true + false", "undecided"),
            ("1 + int('a')", "undecided"),
        ],
    );
}

#[test]
fn or_gives_the_first_that_is_true() {
    holds(
        r#"{"s":"first","t":"second","empty":"","zero":0,"f":0.0,"null":null,"no":false,"list":[],"o":{}}"#,
        &[
            ("event.data.s || event.data.t", "\"first\""),
            ("event.data.missing || event.data.t", "\"second\""),
            ("event.data.empty || event.data.t", "\"second\""),
            ("event.data.zero || event.data.f || event.data.null || event.data.no || event.data.t", "\"second\""),
            ("event.data.a || event.data.b", "missing"),
            ("event.data.list || 1", "[]"),
            ("event.data.o || 1", "{}"),
            ("event.data.missing || false", "false"),
            ("false || true", "true"),
            ("1 / 0 || 7", "7"),
            ("event.data.s && event.data.t", "\"second\""),
            ("event.data.empty && event.data.t", "\"\""),
            ("event.data.missing && event.data.t", "missing"),
            ("1 / 0 && true", "undecided"),
            ("true && true && false", "false"),
            ("true || false && false", "true"),
            // The deciding operand is evaluated, and no more.
            ("true || 1 / 0 == 1", "true"),
            ("event.data.missing ? 1 : 2", "2"),
            ("event.data.empty ? 1 : 2", "2"),
            ("event.data.s ? event.data.t : 2", "\"second\""),
            ("event.data.zero ? 1 : event.data.f ? 2 : 3", "3"),
            ("!event.data.s", "undecided"),
            ("!null", "undecided"),
            ("!(event.data.zero == 1)", "true"),
        ],
    );
}

#[test]
fn what_has_no_value_is_missing_to_what_asks_for_it() {
    holds(
        r#"{"s":"x","t":"200"}"#,
        &[
            ("int(event.data.t) == 200", "true"),
            ("int(event.data.s)", "undecided"),
            ("int(event.data.s) == 200", "false"),
            ("int(event.data.s) > 200 || event.data.t == '200'", "true"),
            ("1 / 0 == null", "true"),
            ("!(1 / 0)", "false"),
            ("event.data.s - 1 > 0", "false"),
        ],
    );
}

#[test]
fn lists_and_maps() {
    holds(
        r#"{"tags":["a","b","c"],"n":[1,2,3],"items":[{"id":1,"ok":true},{"id":2}],"o":{"x":1,"y":2},"i":1,"null":null}"#,
        &[
            ("event.data.tags.exists(x, x == 'd' || x == 'a')", "true"),
            ("event.data.tags.exists(x, x == 'd') == false", "true"),
            ("event.data.n.all(x, x > 0)", "true"),
            ("event.data.n.all(x, x > 1)", "false"),
            ("[].all(x, false) && ![].exists(x, true)", "true"),
            ("event.data.n.exists_one(x, x > 2)", "true"),
            ("event.data.n.exists_one(x, x > 1)", "false"),
            ("event.data.n.filter(x, x != 2)", "[1,3]"),
            ("event.data.n.map(x, x * x)", "[1,4,9]"),
            ("event.data.n.map(x, x > 1, x + 1)", "[3,4]"),
            ("event.data.items.exists(x, x.ok)", "true"),
            ("event.data.items.map(x, x.ok)", "[true,null]"),
            ("event.data.items.filter(x, has(x.ok)).map(x, x.id)", "[1]"),
            ("event.data.items.exists(x, event.data.n.exists(y, y == x.id && y > 1))", "true"),
            ("event.data.items.exists(event, event.id == 2)", "true"),
            ("event.data.items[1].id", "2"),
            ("event.data.items[event.data.i].id + event.data.n[2.0]", "5"),
            ("event.data.o.all(k, event.data.o[k] < 3)", "true"),
            ("event.data.o.map(k, k)", r#"["x","y"]"#),
            ("event.data.i in [1.0, 2]", "true"),
            ("event.data.i in [2] == false", "true"),
            ("'x' in event.data.o", "true"),
            ("'z' in event.data.o", "false"),
            ("'a' in 'abc'", "undecided"),
            ("size(event.data.tags) + size(event.data.o) + 'äöü'.size()", "8"),
            ("size(event.data.null)", "undecided"),
            ("event.data.n == [1, 2.0, 3]", "true"),
            ("event.data.o == {'y': 2, 'x': 1}", "true"),
            ("event.data.o == {'y': 2}", "false"),
            ("event.data == event.data", "true"),
            ("event.data.o == event.data['o'] && event['data'].o.x == 1 && event.data.o.z == null", "true"),
            ("{'a': {'b': 7}}.a.b", "7"),
            ("{1: 2}", "undecided"),
            ("[1, 2,][1]", "2"),
            ("event.data.i.exists(x, true)", "undecided"),
            ("event.data.null.exists(x, true)", "undecided"),
        ],
    );
}

#[test]
fn texts() {
    holds(
        r#"{"s":"Hello","title":"nope","encoded":"eyJuZXN0ZWQiOnsiZGF0YSI6InllYSJ9fQ=="}"#,
        &[
            ("event.data.s.startsWith('He') && event.data.s.endsWith('lo') && event.data.s.contains('ell')", "true"),
            ("uppercase(event.data.s) + lowercase('WORLD')", "\"HELLOworld\""),
            ("event.data.title.matches('^[a-z\\\\d]{0,10}$')", "true"),
            (r"event.data.title.matches('\w')", "true"),
            (r"event.data.title.matches(r'^\d+$')", "false"),
            (r"matches('ä', '\\w')", "false"),
            (r"'a b'.matches('\bb\b')", "true"),
            ("event.data.s.matches(event.data.title + '|H')", "true"),
            ("event.data.s.matches('(' + event.data.title)", "undecided"),
            ("b64decode('aGkgdGhlcmUh') == 'hi there!'", "true"),
            ("b64decode('?')", "undecided"),
            ("json_parse(b64decode(event.data.encoded)).nested.data", "\"yea\""),
            ("json_parse('[1, 2.5]')[1]", "2.5"),
            ("json_parse('{').x", "undecided"),
            ("json_parse('{').x == null", "true"),
            ("string(1.0) + string(true) + string('a')", "\"1truea\""),
            ("string([1])", "undecided"),
            ("int('-12') + int(3.9) + uint(2)", "-7"),
            ("uint(-1)", "undecided"),
            ("double('1.5') + 1", "2.5"),
            ("bool('true') && !bool('0')", "true"),
            (r#""a\"b\n\x41\u00e4\U0001F600" + 'it\'s'"#, "\"a\\\"b\\nAä😀it's\""),
            ("'''a'b\nc''' + \"\"\"d\"\"\" + R\"\\n\"", "\"a'b\\ncd\\\\n\""),
            ("'a' < 'b' && 'b' > 'B'", "true"),
            ("1 // one\n + 1", "2"),
        ],
    );
}

#[test]
fn times() {
    holds(
        r#"{"from":"2020-01-01T12:00:00","at":"2026-05-03T23:30:15.250+02:00","ms":1577880000000}"#,
        &[
            ("date(event.data.from) + duration('6h35m10s') == date('2020-01-01T18:35:10')", "true"),
            ("date(event.data.from) == date(event.data.ms) && date(event.data.ms) == date(1577880000)", "true"),
            ("date(event.ts)", "2026-01-01T00:00:00Z"),
            ("date('2026-01-02') - date('2026-01-01T12:00:00Z')", "43200s"),
            ("date('2026-01-02') - duration('1.5h') < timestamp('2026-01-01T22:30:01Z')", "true"),
            ("date('Thu, 01 Jan 2026 00:00:00 GMT') == date(event.ts)", "true"),
            ("date('soon')", "undecided"),
            ("date(5)", "undecided"),
            ("date('2026-01-02') > 'x'", "undecided"),
            ("date(event.data.at).getHours()", "21"),
            ("date(event.data.at).getHours('+02:00')", "23"),
            ("date(event.data.at).getHours('Asia/Kolkata')", "3"),
            ("date(event.data.at).getDayOfWeek()", "0"),
            ("date(event.data.at).getHours('Nowhere')", "undecided"),
            ("date(event.data.at).getMilliseconds()", "250"),
            (
                "[date(event.data.at)].map(d, d.getFullYear() + d.getMonth() + d.getDate() + d.getDayOfMonth())",
                "[2035]",
            ),
            ("duration('90m').getHours()", "1"),
            ("duration('-250ms') + duration('1s')", "0.75s"),
            ("duration('1d')", "undecided"),
            ("duration('')", "undecided"),
            ("int(date('2026-01-01')) * 1000 == event.ts", "true"),
            ("'at ' + date('2026-01-01')", "\"at 2026-01-01T00:00:00Z\""),
        ],
    );
}

#[test]
fn a_filter_is_true_or_false() {
    let event = Json::trusted(r#"{"data":{"yes":true,"n":3,"s":"","null":null}}"#);
    let matches = |source: &str| Expression::compile(source).expect("compiles").matches(&event);
    for (source, expected) in
        [("event.data.yes", true), ("event.data.n > 3", false), ("event.data.null", false), ("event.data.gone", false)]
    {
        assert_eq!(matches(source).expect("decided"), expected, "{source}");
    }
    let text = matches("event.data.n").expect_err("a number").to_string();
    assert_eq!(text, "expression \"event.data.n\" cannot be decided: its value is a number, not true or false");
    let text = matches("event.data.s - 1").expect_err("no number").to_string();
    assert_eq!(text, "expression \"event.data.s - 1\" cannot be decided: `-` is not for a text and a number");
}

#[test]
fn a_wait_has_two_events() {
    let matches = |source: &str, event: &str, answer: &str| {
        let expression = Expression::compile_wait(source).expect("compiles");
        expression.matches_answer(&Json::trusted(event), &Json::trusted(answer)).expect("decided")
    };
    let same = "event.data.id == async.data.id";
    assert!(matches(same, r#"{"data":{"id":1}}"#, r#"{"data":{"id":1.0}}"#));
    assert!(!matches(same, r#"{"data":{"id":1}}"#, r#"{"data":{"id":"1"}}"#));
    assert!(!matches(same, r#"{"data":{"id":1}}"#, r#"{"data":{}}"#));
    // A field that the first event lacks is null from the time when the wait began.
    assert!(matches(same, "{}", "{}"));
    assert!(matches(same, "{}", r#"{"data":{"id":null}}"#));
    assert!(!matches("async.data.a == async.data.b", "{}", "{}"));
    assert!(matches("async.data.n > event.data.min", "{}", r#"{"data":{"n":1}}"#));
}

#[test]
fn has_a_key() {
    let event = Json::trusted(
        r#"{"data":{"id":"1","n":1,"f":1.0,"no":false,"null":null,"l":[1,"a"],"m":{"b":2,"a":[]},"user":"ada"}}"#,
    );
    let key = |source: &str| Expression::compile(source).expect("compiles").key(&event).expect("decided");
    assert_eq!(key("event.data.n"), key("event.data.f"));
    assert_ne!(key("event.data.id"), key("event.data.n"));
    assert_eq!((key("event.data.no"), key("event.data.n > 3"), key("event.data.gone")), (None, None, None));
    assert_eq!(key("event.data.null"), Some("null".into()));
    assert_eq!(key("event.data.l"), Some(r#"[1,"a"]"#.into()));
    assert_eq!(key("event.data.m"), key("{'a': [], 'b': 2}"));
    assert_eq!(key("event.data.id + '-x'"), Some("\"1-x\"".into()));
    assert_eq!(key("event.data.account || event.data.user"), Some("\"ada\"".into()));
    assert!(Expression::compile("event.data.id - 1").expect("compiles").key(&event).is_err());
}

#[test]
fn has_a_number() {
    let event = Json::trusted(r#"{"data":{"n":-7,"f":1.5,"s":"5","plan":"pro"}}"#);
    let number = |source: &str| Expression::compile(source).expect("compiles").number(&event);
    for (source, expected) in [
        ("event.data.n", Some(-7.0)),
        ("event.data.f * 2", Some(3.0)),
        ("event.data.plan == 'pro' ? 180 : 0", Some(180.0)),
        ("event.data.s", None),
        ("event.data.gone", None),
        ("event.data.gone || 3", Some(3.0)),
        ("true", None),
        ("double('NaN')", None),
    ] {
        assert_eq!(number(source).expect("decided"), expected, "{source}");
    }
    assert!(number("int(event.data.plan)").is_err());
}

#[test]
fn says_where_a_text_is_wrong() {
    for (source, expected) in [
        // E10
        ("async.data.a ===", "1:16: `=` means nothing here"),
        ("invalid", "1:1: there is no `invalid`, only the event: is it `event.data.invalid`?"),
        ("", "1:1: a value is missing before the end"),
        ("event.data.a ==", "1:16: a value is missing before the end"),
        ("event.data.a == 1 2", "1:19: an operator or the end is missing before `2`"),
        ("event.data.a\n  && data.id == 1", "2:6: there is no `data`, only the event: is it `event.data.data`?"),
        ("evnt.data.id", "1:1: there is no `evnt`, did you mean `event`?"),
        (
            "async.data.id",
            "1:1: there is no `async`: only a wait's filter, or one of `cancel_on`, has an event that comes",
        ),
        ("vars.a", "1:1: there is no `vars`, only the event: is it `event.data.vars`?"),
        ("event.data.x.all(y, z)", "1:21: there is no `z`, only the event: is it `event.data.z`?"),
        ("lowercas(event.name)", "1:1: there is no function `lowercas`, did you mean `lowercase`?"),
        ("event.name.startswith('a')", "1:12: there is no function `startswith`, did you mean `startsWith`?"),
        ("event.name.frobnicate()", "1:12: there is no function `frobnicate`"),
        ("event.name.lowercase()", "1:12: `lowercase` is called as `lowercase(x)`"),
        ("contains(event.name, 'a')", "1:1: `contains` is called as `x.contains()`"),
        ("event.name.contains()", "1:12: `contains` takes 1 argument, not 0"),
        ("size(1, 2)", "1:1: `size` takes 1 argument, not 2"),
        ("has(event)", "1:1: `has` is for a field, as in `has(event.data.x)`"),
        ("event.data.x.all(x > 1)", "1:14: `all` is called as in `list.all(x, x.n > 3)`"),
        ("event.data.x.map(1, 2)", "1:18: the first argument of `map` has to be a name"),
        ("'ä' + 'b", "1:7: the text has no end"),
        ("'ä' # 1", "1:5: `#` means nothing here"),
        ("(1", "1:3: `)` is missing before the end"),
        ("[1 2]", "1:4: `,` is missing before `2`"),
        ("event.", "1:7: a field's name is missing before the end"),
        ("1 ? 2", "1:6: `:` is missing before the end"),
        ("12x", "1:1: `12x` is no number"),
        ("1e", "1:1: `1e` is no number"),
        ("99999999999999999999", "1:1: the number is too large"),
        ("-9223372036854775809", "1:1: the number is too small"),
        ("'\\ud800'", "1:2: the escape stands for no character"),
        ("b'a'", "1:1: bytes are left out, JSON has none"),
    ] {
        assert_eq!(problem(source), expected, "{source}");
    }
    assert!(problem("now() > date(event.ts)").starts_with("1:1: there is no `now` here: an event has the same answer"));
    assert!(problem("'a'.matches('(')").starts_with("1:13: the pattern is not valid: "));
    let long = Expression::compile(&"a".repeat(5_000)).expect_err("too long").to_string();
    assert!(long.ends_with("…\" is not valid CEL: it is longer than 4096 bytes"), "{long}");
}

#[test]
fn is_bounded_in_depth() {
    let max = limits::EXPRESSION_MAX_BYTES;
    let half = max / 2;
    for source in [
        "(".repeat(max),
        "[".repeat(max),
        "!".repeat(max),
        "-".repeat(max),
        "{'a':".repeat(max / 5),
        "size(".repeat(max / 5),
        "true?(".repeat(max / 6),
        "true?1:".repeat(max / 8) + "1",
        "1".to_owned() + &"+1".repeat(half - 1),
        "event".to_owned() + &".a".repeat(half - 3),
        "event".to_owned() + &"[0]".repeat(max / 3 - 2),
        "[1]".to_owned() + &".size()".repeat(max / 7 - 1),
    ] {
        let error = problem(&source);
        assert!(error.ends_with("it is nested more than 64 deep"), "{}: {error}", &source[..10]);
    }
    // An expression that is just not too deep needs half of a thread's stack.
    let deep = |begin: &str, end: &str, n: usize| begin.repeat(n) + "true" + &end.repeat(n);
    for source in [
        deep("(", ")", 63),
        deep("!", "", 62),
        deep("true ? 1 : ", "", 63),
        deep("[1].all(x, ", ")", 62),
        deep("string(", ") == 1", 31),
        deep("[", "][0]", 31),
        deep("{'a': ", "}.a", 31),
    ] {
        let evaluate = move || drop(value(&source, "{}"));
        let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(evaluate).expect("starts");
        thread.join().expect("does not overflow");
    }
    // However many are beside each other.
    let many = "event.a == 1 || ".repeat(250) + "true";
    assert_eq!(value(&many, "{}"), "true");
    assert_eq!(value(&format!("[{}]", "1,".repeat(2_000)), "{}").len(), 4_001);
}

#[test]
fn is_bounded_in_steps_and_in_what_it_holds() {
    let numbers: Vec<u32> = (0..1_000).collect();
    let text = "a".repeat(1 << 20);
    let event = Json::of(&serde_json::json!({ "data": { "list": numbers, "text": text } }));
    let outcome = |source: &str| Expression::compile(source).expect("compiles").matches(&event);
    assert!(outcome("event.data.list.all(x, x >= 0) && event.data.text.contains('a')").expect("decided"));
    assert!(outcome("event.data.list.exists(x, event.data.list[999 - x] == 998)").expect("decided"));
    let key = vec!["event.data.text"; 200].join(",");
    for source in [
        "event.data.list.all(x, event.data.list.all(y, event.data.list.all(z, z >= 0)))".to_owned(),
        "event.data.list.map(x, event.data.list).map(x, x == event.data.list)".into(),
        "event.data.list.map(x, event.data.text + x)".into(),
        "event.data.list.exists(x, event.data.text.contains('b'))".into(),
        "event.data.list.exists(x, event.data.text == event.data.text + 'b')".into(),
        "event.data.list.map(x, event.data.list + event.data.list)".into(),
        "event.data.list.exists(x, x in event.data.list && x < 0)".into(),
        "event.data.text.matches('b')".into(),
        "event.data.list.exists(x, ''.matches('a' + x))".into(),
        "event.data.list.exists(x, size(event.data.text) == 0)".into(),
        "event.data.list.exists(x, uppercase(event.data.text) == '')".into(),
        format!("[{key}].map(x, x + x) == 0"),
    ] {
        let error = outcome(&source).expect_err("too much").to_string();
        assert!(error.ends_with("it takes more than 100000 steps"), "{error}");
    }
    let whole = Expression::compile(&format!("[{key}]")).expect("compiles");
    assert!(whole.key(&event).expect_err("too much").to_string().ends_with("steps"));
}

#[test]
fn reads_an_event_as_deep_as_it_may_be() {
    let depth = crate::limits::JSON_DEPTH_MAX - 1;
    let deep = Json::parse(format!(r#"{{"data":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth))).expect("valid");
    let matches = |source: &str| Expression::compile(source).expect("compiles").matches(&deep);
    assert!(!matches("event.data == 1").expect("decided"));
    assert!(matches("event.data == event.data").expect("decided"));
    assert!(!matches("event.name == 'x'").expect("decided"));
}
