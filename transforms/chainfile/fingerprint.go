package chainfile

// Fingerprint says how an output was made. It is stored as JSON in the footer.
type Fingerprint struct {
	Version      string `json:"version"`
	Model        string `json:"model"`
	ModelSHA     string `json:"model_sha256"`   // of the file that was run
	WeightsSHA   string `json:"weights_sha256"` // the same for every graph that was made from them
	TokenizerSHA string `json:"tokenizer_sha256"`
	Pooling      string `json:"pooling"`
	Normalized   bool   `json:"normalized"`
	MaxSeqLength int    `json:"max_seq_length"`
	Dimension    int    `json:"dimension"`
	LongText     string `json:"long_text"` // "truncate" or "chunk"
	Prompt       string `json:"prompt,omitempty"`
	Precision    string `json:"precision"`
	Backend      string `json:"backend"`
	InputRows    int64  `json:"input_rows"`
	InputSize    int64  `json:"input_size"`
	InputModTime string `json:"input_mtime"` // RFC 3339 with nanoseconds, UTC
	// The hashes bind the vectors to the texts, so that an audit with another Parquet
	// library finds what was read, written or moved wrongly. Outputs of earlier versions have none.
	TextsSHA   string `json:"texts_sha256,omitempty"`   // as Reader.TextsSHA256
	VectorsSHA string `json:"vectors_sha256,omitempty"` // of the vectors' floats, little endian, row by row
}
