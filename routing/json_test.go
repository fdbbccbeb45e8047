package routing

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestDecisionComesBackFromJSON(t *testing.T) {
	want := Decision{
		Lead: "NORD", Facts: Facts{
			{Name: "headcount", Value: int64(9007199254740993), Source: "9007199254740993"},
			{Name: "innovative", Value: true, Source: "innovant"},
			{Name: "subject", Value: "bois", Source: "le bois", Role: Context, Label: "Bois"},
		},
		Alternatives: []Alternative{{Fact: "headcount", Value: int64(10), Lead: "SUD", Rule: "grande"}},
	}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Decision
	if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if err := json.Unmarshal([]byte(`{"name": "headcount", "value": 1.5}`), new(Fact)); err == nil {
		t.Error("half a person was read")
	}
}
