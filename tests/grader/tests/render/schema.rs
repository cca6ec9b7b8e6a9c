//! What each platform says about its JSON, as JSON schemas, and a checker of the few words that they
//! use. Only Classroom 50 publishes one; the others are written from the platforms' documentation.
//! A schema library would bring more crates than all of the grader.

use serde_json::Value;

/// Classroom 50, wiki, "The result.json contract".
pub const CLASSROOM50: &str = include_str!("schemas/classroom50.json");
/// classroom-resources/autograding-grading-reporter, README, "Test runner output".
pub const CLASSROOM: &str = include_str!("schemas/classroom.json");
/// gradescope-autograders.readthedocs.io, "Autograder Specifications".
pub const GRADESCOPE: &str = include_str!("schemas/gradescope.json");
/// docs.prairielearn.com, "External grading", "Grading results".
pub const PRAIRIELEARN: &str = include_str!("schemas/prairielearn.json");
/// exercism.org/docs/building/tooling/test-runners/interface.
pub const EXERCISM: &str = include_str!("schemas/exercism.json");

/// All complaints about `value`, which stands at `at`.
pub fn check(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (word, said) in schema.as_object().expect("a schema is an object") {
        match word.as_str() {
            "type" => {
                let types = said
                    .as_array()
                    .map_or(std::slice::from_ref(said), Vec::as_slice);
                if !types.iter().any(|name| is(value, name)) {
                    complaints.push(format!("{at} is no {said}: {value}"));
                }
            }
            "const" if value != said => complaints.push(format!("{at} is not {said}: {value}")),
            "enum" if !said.as_array().is_some_and(|all| all.contains(value)) => {
                complaints.push(format!("{at} is none of {said}: {value}"));
            }
            "minimum" | "maximum" => {
                let (value, bound) = (
                    value.as_f64().unwrap_or(0.0),
                    said.as_f64().expect("a number"),
                );
                let holds = if word == "minimum" {
                    value >= bound
                } else {
                    value <= bound
                };
                if !holds {
                    complaints.push(format!("{at} breaks {word} {bound}: {value}"));
                }
            }
            "maxLength" => {
                let length = value.as_str().map_or(0, |text| text.chars().count());
                if length as u64 > said.as_u64().expect("a number") {
                    complaints.push(format!("{at} has {length} characters"));
                }
            }
            "required" => {
                for key in said
                    .as_array()
                    .expect("a list")
                    .iter()
                    .filter_map(Value::as_str)
                {
                    if value.is_object() && value.get(key).is_none() {
                        complaints.push(format!("{at} has no {key}"));
                    }
                }
            }
            "properties" => {
                for (key, schema) in said.as_object().expect("an object") {
                    if let Some(value) = value.get(key) {
                        complaints.extend(check(schema, value, &format!("{at}.{key}")));
                    }
                }
            }
            "additionalProperties" if *said == Value::Bool(false) => {
                let known = schema["properties"].as_object().expect("an object");
                for key in value.as_object().into_iter().flat_map(|o| o.keys()) {
                    if !known.contains_key(key) {
                        complaints.push(format!("{at} has an unknown {key}"));
                    }
                }
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    complaints.extend(check(said, value, &format!("{at}[{index}]")));
                }
            }
            "anyOf" => {
                let schemas = said.as_array().expect("a list");
                if !schemas.iter().any(|one| check(one, value, at).is_empty()) {
                    complaints.push(format!("{at} fits none of {said}"));
                }
            }
            "const" | "enum" | "additionalProperties" | "description" | "$schema" => {}
            word => panic!("the checker does not know {word}"),
        }
    }
    complaints
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("the name of a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        name => panic!("the checker does not know the type {name}"),
    }
}

#[test]
fn the_checker_complains() {
    let schema: Value = serde_json::from_str(CLASSROOM50).expect("JSON");
    let wrong = serde_json::json!({"schema": "x", "score": 1.5, "tests": [{"passed": 1}]});
    let complaints = check(&schema, &wrong, "$").join("\n");
    for word in [
        "$.schema is not",
        "$.score is no",
        "$ has no owner",
        "$.tests[0].passed is no",
    ] {
        assert!(complaints.contains(word), "{word} in\n{complaints}");
    }
}
