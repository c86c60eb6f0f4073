#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <yaml.h>

/* One event of libyaml, reduced to what the readers of FleetConfig look at. `text` points into the `yaml_event_t`
   that it was taken from and lives until the next call with that event. Lines and columns count from 0; a column
   counts characters. */
typedef struct {
    yaml_event_type_t type;
    /* A scalar without quotes and without `|` or `>`: only these have a core schema type. */
    bool plain;
    bool anchored;
    bool tagged;
    const unsigned char *text;
    size_t length;
    size_t line;
    size_t column;
} muster_yaml_event;

/* Frees what `storage` holds and reads the next event into it. False on a syntax error: the parser's `problem`
   fields say which, and `storage` is empty. */
static inline bool muster_yaml_next(yaml_parser_t *parser, yaml_event_t *storage, muster_yaml_event *event) {
    yaml_event_delete(storage);
    if (!yaml_parser_parse(parser, storage)) {
        memset(storage, 0, sizeof(*storage));
        return false;
    }
    event->type = storage->type;
    event->line = storage->start_mark.line;
    event->column = storage->start_mark.column;
    event->plain = false;
    event->anchored = false;
    event->tagged = false;
    event->text = NULL;
    event->length = 0;
    switch (storage->type) {
    case YAML_SCALAR_EVENT:
        event->plain = storage->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        event->anchored = storage->data.scalar.anchor != NULL;
        event->tagged = storage->data.scalar.tag != NULL;
        event->text = storage->data.scalar.value;
        event->length = storage->data.scalar.length;
        break;
    case YAML_SEQUENCE_START_EVENT:
        event->anchored = storage->data.sequence_start.anchor != NULL;
        event->tagged = storage->data.sequence_start.tag != NULL;
        break;
    case YAML_MAPPING_START_EVENT:
        event->anchored = storage->data.mapping_start.anchor != NULL;
        event->tagged = storage->data.mapping_start.tag != NULL;
        break;
    default:
        break;
    }
    return true;
}

/* The number of events in `bytes`, 0 on a syntax error: the bare loop that the benchmark compares the registry's
   reader with. */
static inline size_t muster_yaml_count_events(const unsigned char *bytes, size_t length) {
    yaml_parser_t parser;
    yaml_event_t event;
    size_t count = 0;
    if (!yaml_parser_initialize(&parser)) return 0;
    yaml_parser_set_input_string(&parser, bytes, length);
    for (;;) {
        if (!yaml_parser_parse(&parser, &event)) {
            count = 0;
            break;
        }
        count += 1;
        yaml_event_type_t type = event.type;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT) break;
    }
    yaml_parser_delete(&parser);
    return count;
}
