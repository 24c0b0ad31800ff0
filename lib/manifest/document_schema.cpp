// SPDX-License-Identifier: Apache-2.0
//
// It says of a document what osbuild's own schemas say, so that both refuse the same ones; where osbuild lets something
// through that it then cannot load (a pipeline without a name, inputs that are a list) this says no.
#include "lib/manifest/document_schema.hpp"

namespace osb::manifest {
namespace {

constexpr std::string_view version_one = R"json({
    "type": "object",
    "additionalProperties": false,
    "properties": {
        "pipeline": {"$ref": "#/definitions/pipeline"},
        "sources": {"type": "object", "additionalProperties": {"type": "object"}}
    },
    "definitions": {
        "module": {
            "type": "object",
            "additionalProperties": false,
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "options": {"type": "object"}}
        },
        "pipeline": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "build": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["pipeline", "runner"],
                    "properties": {"pipeline": {"$ref": "#/definitions/pipeline"}, "runner": {"type": "string"}}
                },
                "stages": {"type": "array", "items": {"$ref": "#/definitions/module"}},
                "assembler": {"$ref": "#/definitions/module"}
            }
        }
    }
})json";

constexpr std::string_view version_two = R"json({
    "type": "object",
    "additionalProperties": false,
    "required": ["version"],
    "properties": {
        "version": {"enum": ["2"]},
        "pipelines": {"type": "array", "items": {"$ref": "#/definitions/pipeline"}},
        "sources": {"type": "object", "additionalProperties": {"$ref": "#/definitions/source"}},
        "metadata": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "exports": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}}
                    }
                },
                "generators": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}, "version": {"type": "string"}}
                    }
                }
            }
        }
    },
    "definitions": {
        "pipeline": {
            "type": "object",
            "additionalProperties": false,
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "build": {"type": "string"},
                "runner": {"type": "string"},
                "source-epoch": {"type": "integer"},
                "stages": {"type": "array", "items": {"$ref": "#/definitions/stage"}}
            }
        },
        "stage": {
            "type": "object",
            "additionalProperties": false,
            "required": ["type"],
            "properties": {
                "type": {"type": "string"},
                "options": {"type": "object"},
                "devices": {"type": "object", "additionalProperties": {"$ref": "#/definitions/device"}},
                "inputs": {
                    "type": "object",
                    "additionalProperties": false,
                    "patternProperties": {"^[a-zA-Z][a-zA-Z0-9_.-]{0,254}": {"$ref": "#/definitions/input"}}
                },
                "mounts": {"type": "array", "items": {"$ref": "#/definitions/mount"}}
            }
        },
        "device": {
            "type": "object",
            "additionalProperties": false,
            "required": ["type"],
            "properties": {"type": {"type": "string"}, "parent": {"type": "string"}, "options": {"type": "object"}}
        },
        "input": {
            "type": "object",
            "additionalProperties": false,
            "required": ["type", "origin", "references"],
            "properties": {
                "type": {"type": "string"},
                "origin": {"enum": ["org.osbuild.source", "org.osbuild.pipeline"]},
                "references": {"$ref": "#/definitions/references"},
                "options": {"type": "object"}
            }
        },
        "mount": {
            "type": "object",
            "additionalProperties": false,
            "required": ["name", "type"],
            "properties": {
                "name": {"type": "string"},
                "type": {"type": "string"},
                "source": {"type": "string"},
                "target": {"type": "string"},
                "partition": {"type": "number"},
                "options": {"type": "object"}
            }
        },
        "source": {
            "type": "object",
            "additionalProperties": false,
            "required": ["items"],
            "properties": {"items": {"type": "object"}, "options": {"type": "object"}}
        },
        "references": {
            "oneOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object"},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["id"],
                        "properties": {"id": {"type": "string"}, "options": {"type": "object"}}
                    }
                }
            ]
        }
    }
})json";

}  // namespace

const Json &document_schema(Version version) {
    static const Json one = parse_json(version_one);
    static const Json two = parse_json(version_two);
    return version == Version::one ? one : two;
}

}  // namespace osb::manifest
