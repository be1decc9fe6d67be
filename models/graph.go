package models

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// onnxChildren has the fields of the messages in onnx.proto (ONNX IR 3 and later) through
// which a graph can reach a tensor, and those of the tensor itself.
var onnxChildren = map[string]map[protowire.Number]string{
	"model":     {7: "graph", 20: "training", 25: "function"},
	"training":  {1: "graph", 2: "graph"},
	"function":  {7: "node", 11: "attribute"},
	"graph":     {1: "node", 5: "tensor", 15: "sparse"},
	"node":      {5: "attribute"},
	"attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
	"sparse":    {1: "tensor", 2: "tensor"},
	"tensor":    {13: "external"},
}

const (
	nodeOpType    = 4  // NodeProto.op_type
	entryKey      = 1  // StringStringEntryProto.key
	entryValue    = 2  // StringStringEntryProto.value
	maxGraphDepth = 64 // nested sub-graphs; real models have none or a few
)

var errGraph = errors.New("not an ONNX model")

// externalFiles lists the files that an ONNX graph refers to: the locations of
// its external tensors. A node that loads a compiled context from a file is refused.
func externalFiles(model []byte) ([]string, error) {
	var files []string
	err := walkONNX("model", model, 0, &files)
	return files, err
}

func walkONNX(kind string, b []byte, depth int, files *[]string) error {
	if depth > maxGraphDepth {
		return fmt.Errorf("%w: nested too deep", errGraph)
	}
	var key, value string
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errGraph
		}
		b = b[n:]
		if typ != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
				return errGraph
			}
			b = b[n:]
			continue
		}
		field, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return errGraph
		}
		b = b[n:]
		switch {
		case kind == "external" && num == entryKey:
			key = string(field)
		case kind == "external" && num == entryValue:
			value = string(field)
		case kind == "node" && num == nodeOpType && string(field) == "EPContext":
			return errors.New("the graph has an EPContext node, which loads code from a file")
		}
		if child, ok := onnxChildren[kind][num]; ok {
			if err := walkONNX(child, field, depth+1, files); err != nil {
				return err
			}
		}
	}
	if kind == "external" && key == "location" {
		*files = append(*files, value)
	}
	return nil
}
