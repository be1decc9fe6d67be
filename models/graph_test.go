package models

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// message encodes one length-delimited field; messages nest by concatenation.
func message(num protowire.Number, content ...[]byte) []byte {
	b := protowire.AppendTag(nil, num, protowire.BytesType)
	return protowire.AppendBytes(b, slices.Concat(content...))
}

func text(num protowire.Number, s string) []byte { return message(num, []byte(s)) }

// external is a TensorProto's external_data entry.
func external(key, value string) []byte {
	return message(13, text(entryKey, key), text(entryValue, value))
}

func TestExternalFilesAreFoundWhereverATensorCanBe(t *testing.T) {
	tensor := slices.Concat(external("offset", "0"), external("location", "weights.bin"))
	attribute := func(num protowire.Number) []byte { return message(5, message(num, tensor)) }
	for name, model := range map[string][]byte{
		"initializer":         message(7, message(5, tensor)),
		"sparse initializer":  message(7, message(15, message(1, tensor))),
		"attribute":           message(7, message(1, attribute(5))),
		"list of tensors":     message(7, message(1, attribute(10))),
		"graph of an If":      message(7, message(1, message(5, message(6, message(5, tensor))))),
		"function":            message(25, message(7, attribute(5))),
		"default of function": message(25, message(11, message(5, tensor))),
		"training":            message(20, message(1, message(5, tensor))),
	} {
		t.Run(name, func(t *testing.T) {
			files, err := externalFiles(model)
			if err != nil || !slices.Equal(files, []string{"weights.bin"}) {
				t.Fatalf("got %v, error %v", files, err)
			}
		})
	}
}

func TestAGraphWithoutExternalTensorsHasNone(t *testing.T) {
	// A node's input may be called as it likes, and raw data may look like a path.
	model := message(7, message(1, text(1, "location"), text(nodeOpType, "Add")), message(5, text(9, "location")))
	files, err := externalFiles(model)
	if err != nil || len(files) > 0 {
		t.Fatalf("got %v, error %v", files, err)
	}
}

func TestGraphsThatAreRefused(t *testing.T) {
	deep := text(9, "x")
	for range maxGraphDepth + 1 {
		deep = message(7, message(1, message(5, message(6, deep))))
		deep = deep[len(protowire.AppendTag(nil, 7, protowire.BytesType)):]
		_, n := protowire.ConsumeVarint(deep)
		deep = deep[n:] // the content of a graph again
	}
	whole := message(7, message(5, external("location", "weights.bin")))
	for name, model := range map[string][]byte{
		"compiled context": message(7, message(1, text(nodeOpType, "EPContext"))),
		"nested too deep":  message(7, deep),
		"cut off":          whole[:len(whole)-1],
		"no protobuf":      []byte("<html>"),
	} {
		t.Run(name, func(t *testing.T) {
			if files, err := externalFiles(model); err == nil {
				t.Fatalf("accepted, with the files %v", files)
			}
		})
	}
}

func FuzzExternalFiles(f *testing.F) {
	f.Add(message(7, message(5, external("location", "weights.bin"))))
	f.Add([]byte{})
	f.Fuzz(func(_ *testing.T, model []byte) {
		_, _ = externalFiles(model) // must return
	})
}
