//! A plain loop around the `ort` crate: a contender in bench/engine.py. Texts are tokenised on all
//! cores, sorted by length and run in batches of 32 by ONNX Runtime with its own number of threads.
//! bench/child.py says what it reads and answers.
//!
//!     bench MODEL_FOLDER ONNX_RUNTIME_LIBRARY

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

use ort::session::Session;
use ort::value::Tensor;
use serde_json::{Value, json};
use tokenizers::{Tokenizer, TruncationParams};

const BATCH: usize = 32;
const MAX_LENGTH: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, library] = arguments.as_slice() else {
        return Err("want: bench MODEL_FOLDER ONNX_RUNTIME_LIBRARY".into());
    };
    ort::init_from(library)?.commit();
    let mut session = Session::builder()?.commit_from_file(format!("{model}/onnx/model.onnx"))?;
    let mut tokens =
        Tokenizer::from_file(format!("{model}/tokenizer.json")).map_err(|e| e.to_string())?;
    tokens.with_padding(None);
    let truncation = TruncationParams {
        max_length: MAX_LENGTH,
        ..Default::default()
    };
    tokens
        .with_truncation(Some(truncation))
        .map_err(|e| e.to_string())?;

    let mut answers = std::io::stdout();
    writeln!(answers, "{}", json!({"ready": "ort 2.0.0-rc.12"}))?;
    answers.flush()?;
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let texts: Vec<String> = serde_json::from_value(request["texts"].clone())?;
        let start = Instant::now();
        let vectors = embed(&mut session, &tokens, texts)?;
        let seconds = start.elapsed().as_secs_f64();
        let bytes: Vec<u8> = vectors
            .iter()
            .flatten()
            .flat_map(|x| x.to_ne_bytes())
            .collect();
        std::fs::write(request["out"].as_str().ok_or("no out")?, bytes)?;
        writeln!(answers, "{}", json!({"seconds": seconds}))?;
        answers.flush()?;
    }
    Ok(())
}

/// Returns a vector for each text. The graph has pooled and normalised them.
fn embed(
    session: &mut Session,
    tokens: &Tokenizer,
    texts: Vec<String>,
) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
    let encoded = tokens
        .encode_batch_fast(texts, true)
        .map_err(|e| e.to_string())?;
    let mut order: Vec<usize> = (0..encoded.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(encoded[i].len()));
    let mut vectors = vec![Vec::new(); encoded.len()];
    for rows in order.chunks(BATCH) {
        let width = encoded[rows[0]].len();
        let mut ids = vec![0i64; rows.len() * width];
        let mut mask = ids.clone();
        for (line, &i) in rows.iter().enumerate() {
            for (at, &id) in encoded[i].get_ids().iter().enumerate() {
                ids[line * width + at] = id.into();
                mask[line * width + at] = 1;
            }
        }
        let shape = [rows.len(), width];
        let outputs = session.run(ort::inputs![
            "input_ids" => Tensor::from_array((shape, ids))?,
            "attention_mask" => Tensor::from_array((shape, mask))?,
        ])?;
        let (shape, values) = outputs["sentence_embedding"].try_extract_tensor::<f32>()?;
        for (&i, vector) in rows.iter().zip(values.chunks(shape[1] as usize)) {
            vectors[i] = vector.to_vec();
        }
    }
    Ok(vectors)
}
