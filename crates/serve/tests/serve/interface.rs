//! Every route answers as the served document says.

use serde_json::{Value, json};

use crate::http::{ask, get, post};
use crate::schema::mismatch;
use crate::shelf::OneFilm;

/// A request that fits a route: what varies in its path, and its body.
fn example(path: &str) -> (String, Option<Value>) {
    let filled = path.replace("{id}", "video-0").replace("{sheet}", "0").replace("{track}", "0");
    let behind = match path {
        "/api/v1/media/{id}/proxy" => "?start=2&end=4",
        "/api/v1/media/{id}/thumbnail" => "?at=4.5",
        "/api/v1/media" => "?limit=10",
        _ => "",
    };
    let body = match path {
        "/api/v1/search" | "/api/v1/media/{id}/heat" => {
            Some(json!({ "text": "a red square", "top": 5 }))
        }
        "/api/v1/session" => Some(json!(null)),
        "/api/v1/export" => Some(json!({ "format": "csv", "hits": [
            { "media": "video-0", "span": { "start": 4.0, "end": 7.0 }, "text": "a red square" }] })),
        _ => None,
    };
    (filled + behind, body)
}

#[test]
fn every_route_answers_as_the_document_says() {
    let film = OneFilm::start();
    let address = film.server.address;
    let document = get(address, "/api/v1/openapi.json").json();
    assert_eq!(document, locvtp_serve::openapi());
    assert_eq!(document["openapi"], "3.1.0");
    let mut num_routes = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            num_routes += 1;
            let (asked, body) = example(path);
            let reply = match (method.as_str(), body) {
                ("post", Some(body)) => post(address, &asked, &body),
                (method, _) => ask(address, &method.to_uppercase(), &asked, &[], b""),
            };
            let described = &operation["responses"][reply.status.to_string()];
            assert!(
                reply.status < 300 && described.is_object(),
                "{method} {path}: {}",
                reply.status
            );
            if let Some(contents) = described["content"].as_object() {
                check_content(&document, contents, &reply, path);
            }
        }
    }
    assert_eq!(num_routes, 22);
}

fn check_content(
    document: &Value,
    contents: &serde_json::Map<String, Value>,
    reply: &crate::http::Reply,
    path: &str,
) {
    let (kind, content) = contents.iter().next().unwrap();
    if let Some(schema) = content.get("schema") {
        let wrong = mismatch(document, schema, &reply.json(), path);
        assert_eq!(wrong, None, "{path}: {}", reply.json());
    } else if kind != "application/octet-stream" {
        assert!(reply.header("content-type").starts_with(kind.as_str()), "{path}: {kind}");
    }
}

#[test]
fn a_refusal_is_as_the_document_says() {
    let film = OneFilm::start();
    let document = locvtp_serve::openapi();
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    for path in [
        "/api/v1/media/none",
        "/api/v1/media?limit=0",
        "/nothing",
        "/api/v1/media?limit=x",
        "/api/v1/media/%ff/file",
        "/api/v1/media/video-0/sprites/%ff",
        "/assets/%ff",
    ] {
        let reply = get(film.server.address, path);
        assert!(reply.status >= 400);
        assert_eq!(mismatch(&document, &schema, &reply.json(), path), None);
        assert_eq!(reply.json()["status"], reply.status);
    }
}

#[test]
fn a_request_that_the_document_does_not_allow_is_refused() {
    // The body's schema closes its fields, as the server does.
    let document = locvtp_serve::openapi();
    let query = &document["components"]["schemas"]["Query"];
    assert_eq!(query["additionalProperties"], false);
    assert!(query["properties"]["text"]["description"].as_str().unwrap().contains("sentence"));
}

#[test]
fn the_list_goes_on_after_an_id() {
    let film = OneFilm::with(locvtp_serve::ServeSettings::new(), |shelf| {
        for number in 1..5 {
            let mut media = shelf.media[0].clone();
            media.id = locvtp_serve::MediaId::new(&format!("video-{number}")).unwrap();
            shelf.media.push(media);
        }
    });
    let page = |path: &str| get(film.server.address, path).json();
    let first = page("/api/v1/media?limit=3");
    assert_eq!((&first["total"], &first["has_more"]), (&json!(5), &json!(true)));
    let second = page("/api/v1/media?limit=3&after=video-2");
    let ids: Vec<&Value> =
        second["media"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(
        (ids, &second["has_more"]),
        (
            vec!["video-3", "video-4"]
                .into_iter()
                .map(|id| json!(id))
                .collect::<Vec<_>>()
                .iter()
                .collect(),
            &json!(false)
        )
    );
}

#[test]
fn what_the_index_cannot_do_now_is_said_with_its_words() {
    let film = OneFilm::start();
    let reply =
        post(film.server.address, "/api/v1/search", &json!({ "text": "the index is locked" }));
    assert_eq!((reply.status, reply.header("retry-after")), (503, "1"));
    assert!(reply.message().contains("being written"));
}

#[test]
fn a_file_is_made_of_hits_as_an_answer_has_them_and_as_earlier_versions_had_them() {
    let film = OneFilm::start();
    let asked = json!({ "text": "a red square" });
    let found = post(film.server.address, "/api/v1/search", &asked).json();
    let hits = found["answer"]["hits"].clone();
    assert_eq!((&hits[0]["text"], &hits[0]["evidence"]), (&Value::Null, &json!("seen")));
    let of_before =
        json!([{ "media": "video-0", "span": { "start": 4.0, "end": 7.0 }, "source": "seen" }]);
    for hits in [hits, of_before] {
        let body = json!({ "format": "csv", "hits": hits });
        let reply = post(film.server.address, "/api/v1/export", &body);
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        assert!(String::from_utf8_lossy(&reply.body).starts_with("video-0,4,7,"));
    }
}

#[test]
fn what_is_not_in_an_exported_file_is_told_beside_it() {
    let body = json!({ "format": "csv", "hits": [
        { "media": "video-0", "span": { "start": 1.0, "end": 2.0 } }] });
    let exported = |num: usize| {
        let film = OneFilm::with(locvtp_serve::ServeSettings::new(), |shelf| {
            let left_out = (0..num).map(|number| locvtp_serve::LeftOut {
                name: format!("Küste \"{number}\" 🌊.mp4"),
                reason: "it is gone".into(),
            });
            shelf.left_out = left_out.collect();
        });
        let reply = post(film.server.address, "/api/v1/export", &body);
        assert_eq!(reply.status, 200);
        reply.header("x-locvtp-left-out").to_owned()
    };
    assert_eq!(exported(0), "");
    let told: Value = serde_json::from_str(&exported(2)).unwrap();
    assert_eq!(told["num_files"], 2);
    assert_eq!(told["files"][1], json!({ "name": "Küste \"1\" 🌊.mp4", "reason": "it is gone" }));
    // A header has its bounds.
    let told: Value = serde_json::from_str(&exported(1000)).unwrap();
    assert_eq!(
        (told["num_files"].as_u64(), told["files"].as_array().unwrap().len()),
        (Some(1000), 20)
    );
}

#[test]
fn a_part_of_the_page_that_the_browser_has_is_not_sent_again() {
    let film = OneFilm::start();
    let first = get(film.server.address, "/assets/app.js");
    let tag = [("if-none-match", first.header("etag"))];
    let again = ask(film.server.address, "GET", "/assets/app.js", &tag, b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
}
