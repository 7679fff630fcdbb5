//! CLIP's tokenizer against Hugging Face's fast one.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use locvtp_model::SentenceTokenizer;

fn tokenizer(max_tokens: usize) -> SentenceTokenizer {
    let [vocabulary, merges] =
        ["vocab.json", "merges.txt"].map(|file| golden::path("clip_tokenizer").join(file));
    SentenceTokenizer::read_byte_pairs(&vocabulary, &merges, max_tokens).unwrap()
}

/// Sentences and what Hugging Face makes of them.
fn sentences() -> Vec<(String, Vec<u32>)> {
    let golden = golden::json("clip_tokenizer/sentences.json");
    let sentences = golden["sentences"].as_object().unwrap().iter();
    sentences
        .map(|(sentence, ids)| {
            let ids = ids.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32);
            (sentence.clone(), ids.collect())
        })
        .collect()
}

#[test]
fn the_ids_equal_hugging_faces_also_after_being_written_and_read() {
    let built = tokenizer(77);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tokenizer.json");
    std::fs::write(&path, built.to_json().unwrap()).unwrap();
    let read = SentenceTokenizer::read(&path, 77).unwrap();
    let sentences = sentences();
    assert!(sentences.len() >= 8);
    for (sentence, ids) in sentences {
        assert_eq!(built.encode(&sentence).unwrap().ids, ids, "{sentence:?}");
        assert_eq!(read.encode(&sentence).unwrap().ids, ids, "{sentence:?}");
    }
}

#[test]
fn special_tokens_are_never_words_even_when_a_sentence_says_them() {
    let tokenizer = tokenizer(77);
    let sentence = tokenizer.encode("the <|endoftext|> square").unwrap();
    assert_eq!(sentence.tokens.first().unwrap(), "<|startoftext|>");
    assert_eq!(sentence.tokens.last().unwrap(), "<|endoftext|>");
    assert_eq!(sentence.words().first().unwrap(), "the</w>");
    assert!(sentence.words().iter().all(|word| !word.contains("endoftext")), "{sentence:?}");
    assert_eq!(tokenizer.encode(" ").unwrap().num_words(), 0);
}

#[test]
fn a_long_sentence_is_cut_and_keeps_its_last_token() {
    let tokenizer = tokenizer(6);
    let long = tokenizer.encode("the red square and the red square").unwrap();
    assert_eq!((long.ids.len(), long.num_words()), (6, 4));
    assert_eq!(long.tokens[5], "<|endoftext|>");
    let short = tokenizer.encode("red").unwrap();
    let batch = tokenizer.batch(&[short, long]);
    assert_eq!((batch.padded_length, batch.lengths), (6, vec![3, 6]));
    // The padding is the last token's, which CLIP's causal text tower never sees.
    assert!(batch.ids[2..6].iter().all(|id| *id == batch.ids[2]));
}

#[test]
fn files_that_are_no_vocabulary_are_errors_that_name_them() {
    let dir = tempfile::tempdir().unwrap();
    let [vocabulary, merges] = ["vocab.json", "merges.txt"].map(|file| dir.path().join(file));
    let complaint = || {
        let error = SentenceTokenizer::read_byte_pairs(&vocabulary, &merges, 77).unwrap_err();
        error.to_string()
    };
    assert!(complaint().contains("vocab.json"), "{}", complaint());
    std::fs::write(&vocabulary, "{\"a\": 0}").unwrap();
    assert!(complaint().contains("vocab.json") && complaint().contains("<|startoftext|>"));
    let specials = "{\"a\": 0, \"<|startoftext|>\": 1, \"<|endoftext|>\": 2}";
    std::fs::write(&vocabulary, specials).unwrap();
    assert!(complaint().contains("merges.txt"), "{}", complaint());
    std::fs::write(&merges, "#version: 0.2\nab\n").unwrap();
    assert!(complaint().contains("merges.txt") && complaint().contains("line 2"));
}
