//! The document that describes the interface (OpenAPI 3.1), made from the list of routes and the types
//! that are sent.

use axum::http::StatusCode;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::problem::ProblemBody;
use crate::route::{Content, Parameter, Route};

/// The document of these addresses.
pub(crate) fn document(routes: &[Route]) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = SchemaGenerator::new(settings);
    let mut paths = Map::new();
    for route in routes {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method] = operation(route, &mut generator);
        let is_file = matches!(route.answer.1, Content::Bytes(_)) && route.others.contains(&304);
        if is_file {
            path["head"] = json!({
                "summary": "As `get`, without the body",
                "parameters": parameters(route.parameters),
                "responses": { "200": { "description": "OK" } },
            });
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "LocVTP: moments in your own videos",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Times are seconds from the start of the file; spans are half open. \
                Videos are named by ids. With a token: `Authorization: Bearer TOKEN`.",
        },
        "security": [{ "token": [] }, {}],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let (status, content) = &route.answer;
    let mut good = json!({ "description": words(*status) });
    match content {
        Content::None => {}
        Content::Json(schema) => {
            good["content"] = json!({ "application/json": { "schema": schema(generator) } });
        }
        Content::Bytes(kind) => good["content"] = json!({ *kind: {} }),
        Content::BytesWith(kind, (name, meaning)) => {
            good["content"] = json!({ *kind: {} });
            let header = json!({ "description": meaning, "schema": { "type": "string" } });
            good["headers"] = json!({ *name: header });
        }
    }
    let mut responses = Map::new();
    responses.insert(status.to_string(), good);
    let problem = json!({ "schema": generator.subschema_for::<ProblemBody>() });
    for other in route.others.iter().chain(&[400, 401, 403, 405, 421, 431]) {
        let mut response = json!({ "description": words(*other) });
        if *other >= 400 {
            response["content"] = json!({ "application/json": problem });
        }
        responses.insert(other.to_string(), response);
    }
    let mut operation = json!({
        "summary": route.summary,
        "parameters": parameters(route.parameters),
        "responses": responses,
    });
    if let Some(schema) = route.body {
        let content = json!({ "application/json": { "schema": schema(generator) } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

fn parameters(parameters: &[Parameter]) -> Vec<Value> {
    let described = |parameter: &Parameter| {
        json!({
            "name": parameter.name,
            "in": if parameter.is_in_path { "path" } else { "query" },
            "required": parameter.is_needed,
            "description": parameter.meaning,
            "schema": { "type": parameter.kind },
        })
    };
    parameters.iter().map(described).collect()
}

fn words(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("")
}
