#include "exporters/loaders.h"

#include <string.h>

/* ${text} between double quotes, for Python and for R alike. */
static enum err
put_quoted(struct buf *out, const char *text)
{
	const unsigned char *p;

	RETURN_IF(buf_append_u8(out, '"'));
	for (p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			RETURN_IF(buf_append_u8(out, '\\'));
		if (*p < 0x20)
			RETURN_IF(buf_printf(out, "\\x%02x", *p));
		else
			RETURN_IF(buf_append_u8(out, *p));
	}
	return buf_append_u8(out, '"');
}

static const char *
label_of(const struct column_category *c)
{
	return c->label != NULL ? c->label : c->value;
}

static const char *
label_en_of(const struct column_category *c)
{
	return c->label_en != NULL ? c->label_en : label_of(c);
}

/* 1 for columns whose codes have labels; a flag's 0 and 1 speak for
 * themselves. */
static int
has_codes(const struct column *c)
{
	return c->type == COLUMN_STRING && c->category_count > 0;
}

static const char *
python_type(enum column_type type)
{
	switch (type) {
	case COLUMN_INTEGER:
	case COLUMN_FLAG:
		return "Int64";
	case COLUMN_NUMBER:
		return "Float64";
	case COLUMN_BOOLEAN:
		return "boolean";
	case COLUMN_DATE:       /* turned into dates after reading */
	case COLUMN_STRING:
		break;
	}
	return "string";
}

static enum err
python_types(const struct column_set *set, struct buf *out)
{
	size_t i;

	RETURN_IF(buf_append_str(out,
	    "TYPES = {\n    \"pseudonym\": \"string\", \"answer\": \"Int64\",\n"));
	for (i = 0; i < set->len; i++)
		RETURN_IF(buf_printf(out, "    \"%s\": \"%s\",\n",
		    set->columns[i].name, python_type(set->columns[i].type)));
	RETURN_IF(buf_append_str(out, "}\nDATES = ["));
	for (i = 0; i < set->len; i++)
		if (set->columns[i].type == COLUMN_DATE)
			RETURN_IF(buf_printf(out, "\"%s\", ",
			    set->columns[i].name));
	return buf_append_str(out, "]\n");
}

static enum err
python_codes(const struct column_set *set, struct buf *out)
{
	const struct column *c;
	size_t i, k;

	RETURN_IF(buf_append_str(out, "CODES = {\n"));
	for (i = 0; i < set->len; i++) {
		c = &set->columns[i];
		if (!has_codes(c))
			continue;
		RETURN_IF(buf_printf(out, "    \"%s\": [", c->name));
		for (k = 0; k < c->category_count; k++) {
			RETURN_IF(buf_append_str(out, "\n        ("));
			RETURN_IF(put_quoted(out, c->categories[k].value));
			RETURN_IF(buf_append_str(out, ", "));
			RETURN_IF(put_quoted(out, label_of(&c->categories[k])));
			RETURN_IF(buf_append_str(out, ", "));
			RETURN_IF(put_quoted(out,
			    label_en_of(&c->categories[k])));
			RETURN_IF(buf_append_str(out, "),"));
		}
		RETURN_IF(buf_append_str(out, "\n    ],\n"));
	}
	return buf_append_str(out, "}\n");
}

enum err
loaders_python(const char *export_id, const struct column_set *set,
    struct buf *out)
{
	RETURN_IF(buf_printf(out,
	    "# %s with pandas.  Use: responses, consents = load()\n"
	    "# load(labels=\"ja\") or load(labels=\"en\") gives labels instead "
	    "of codes.\n"
	    "import pathlib\n\n"
	    "import pandas as pd\n\n"
	    "DATA = pathlib.Path(__file__).resolve().parent.parent / \"data\"\n"
	    "# Codes stay text: \"01\" is not 1.  An empty cell is no answer.\n",
	    export_id));
	RETURN_IF(python_types(set, out));
	RETURN_IF(python_codes(set, out));
	return buf_append_str(out,
	    "\n\n"
	    "def load(labels=None):\n"
	    "    options = {\"keep_default_na\": False, \"na_values\": [\"\"],\n"
	    "               \"encoding\": \"utf-8\"}\n"
	    "    responses = pd.read_csv(DATA / \"responses.csv\", dtype=TYPES,"
	    " **options)\n"
	    "    for name in DATES:\n"
	    "        responses[name] = pd.to_datetime(responses[name],"
	    " format=\"%Y-%m-%d\")\n"
	    "    for name, codes in CODES.items():\n"
	    "        values = pd.Categorical(responses[name],"
	    " categories=[c[0] for c in codes])\n"
	    "        if labels is not None:\n"
	    "            side = 1 if labels == \"ja\" else 2\n"
	    "            values = values.rename_categories(\n"
	    "                {c[0]: \"%s %s\" % (c[0], c[side]) for c in codes})\n"
	    "        responses[name] = values\n"
	    "    consents = pd.read_csv(DATA / \"consents.csv\", dtype="
	    "\"string\", **options)\n"
	    "    return responses, consents\n"
	    "\n\n"
	    "if __name__ == \"__main__\":\n"
	    "    responses, consents = load()\n"
	    "    print(responses.dtypes.to_string())\n"
	    "    print(len(responses), \"answers of\", len(consents), "
	    "\"people\")\n");
}

static const char *
r_type(enum column_type type)
{
	switch (type) {
	case COLUMN_INTEGER:    /* up to 15 digits: too long for R's integer */
	case COLUMN_NUMBER:
		return "numeric";
	case COLUMN_FLAG:
		return "integer";
	case COLUMN_DATE:
		return "Date";
	case COLUMN_BOOLEAN:    /* R reads "true" and "false" */
		return "logical";
	case COLUMN_STRING:
		break;
	}
	return "character";
}

static enum err
r_types(const struct column_set *set, struct buf *out)
{
	size_t i;

	RETURN_IF(buf_append_str(out,
	    "types <- c(pseudonym = \"character\", answer = \"integer\""));
	for (i = 0; i < set->len; i++)
		RETURN_IF(buf_printf(out, ",\n  `%s` = \"%s\"",
		    set->columns[i].name, r_type(set->columns[i].type)));
	return buf_append_str(out, ")\n");
}

/* `c("1", "2")` of values (side 0) or labels. */
static enum err
r_vector(const struct column *c, int side, struct buf *out)
{
	const struct column_category *one;
	size_t i;

	RETURN_IF(buf_append_str(out, "c("));
	for (i = 0; i < c->category_count; i++) {
		one = &c->categories[i];
		if (i > 0)
			RETURN_IF(buf_append_str(out, ", "));
		RETURN_IF(put_quoted(out, side == 0 ? one->value :
		    side == 1 ? label_of(one) : label_en_of(one)));
	}
	return buf_append_str(out, ")");
}

static enum err
r_codes(const struct column_set *set, struct buf *out)
{
	const char *between = "";
	size_t i;

	RETURN_IF(buf_append_str(out, "codes <- list("));
	for (i = 0; i < set->len; i++) {
		if (!has_codes(&set->columns[i]))
			continue;
		RETURN_IF(buf_printf(out, "%s\n  `%s` = list(code = ", between,
		    set->columns[i].name));
		RETURN_IF(r_vector(&set->columns[i], 0, out));
		RETURN_IF(buf_append_str(out, ",\n    ja = "));
		RETURN_IF(r_vector(&set->columns[i], 1, out));
		RETURN_IF(buf_append_str(out, ",\n    en = "));
		RETURN_IF(r_vector(&set->columns[i], 2, out));
		RETURN_IF(buf_append_str(out, ")"));
		between = ",";
	}
	return buf_append_str(out, ")\n");
}

enum err
loaders_r(const char *export_id, const struct column_set *set, struct buf *out)
{
	RETURN_IF(buf_printf(out,
	    "# %s with R.  In the folder that holds data/ and load/:\n"
	    "#   source(\"load/load.R\", encoding = \"UTF-8\")\n"
	    "#   tables <- load_export()          # labels = \"ja\" or \"en\": "
	    "factors with labels\n"
	    "# Codes stay text: \"01\" is not 1.  An empty cell is no answer "
	    "(NA).\n", export_id));
	RETURN_IF(r_types(set, out));
	RETURN_IF(r_codes(set, out));
	return buf_append_str(out,
	    "load_export <- function(dir = \".\", labels = NULL) {\n"
	    "  read <- function(name, classes) {\n"
	    "    utils::read.csv(file.path(dir, \"data\", name), colClasses = "
	    "classes,\n"
	    "      na.strings = \"\", encoding = \"UTF-8\", check.names = FALSE,"
	    " quote = \"\\\"\")\n"
	    "  }\n"
	    "  responses <- read(\"responses.csv\", types)\n"
	    "  for (name in names(codes)) {\n"
	    "    shown <- if (is.null(labels)) codes[[name]]$code else\n"
	    "      paste(codes[[name]]$code, codes[[name]][[labels]])\n"
	    "    responses[[name]] <- factor(responses[[name]], levels = "
	    "codes[[name]]$code, labels = shown)\n"
	    "  }\n"
	    "  list(responses = responses, consents = read(\"consents.csv\", "
	    "\"character\"))\n"
	    "}\n");
}
