"""Whether load/load.py of an opened payload gives what the CSV says.

    check_load.py FOLDER

Exit 0; 77 without python3-pandas.
"""
import csv
import importlib.util
import pathlib
import sys

try:
    import pandas as pd
except ImportError:
    print("python3-pandas is not installed")
    sys.exit(77)


def main():
    folder = pathlib.Path(sys.argv[1])
    spec = importlib.util.spec_from_file_location(
        "load", folder / "load" / "load.py")
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    responses, consents = module.load()
    with open(folder / "data" / "responses.csv", newline="",
              encoding="utf-8") as f:
        rows = list(csv.DictReader(f))

    assert len(responses) == len(rows), "rows"
    assert list(responses.columns) == list(rows[0]), "columns"
    for name in rows[0]:
        empty = [r[name] == "" for r in rows]
        assert list(responses[name].isna()) == empty, f"missing in {name}"
    # codes stay text, in the order of the survey
    assert list(responses["Q03"].cat.categories) == ["01", "02", "03"]
    assert [x for x in responses["Q03"].dropna()] == \
        [r["Q03"] for r in rows if r["Q03"]]
    assert str(responses["Q04_S1"].dtype) == "Int64"
    assert str(responses["Q07"].dtype) == "Float64"
    assert str(responses["Q13"].dtype) == "boolean"
    assert pd.api.types.is_datetime64_any_dtype(responses["Q05"])
    assert str(responses["Q08"].dtype) == "string"
    assert list(responses["Q13"].dropna()) == \
        [r["Q13"] == "true" for r in rows if r["Q13"]]
    assert list(responses["Q07"]) == [float(r["Q07"]) for r in rows]
    assert list(responses["Q20"].dropna()) == \
        [r["Q20"] for r in rows if r["Q20"]]
    # labels
    japanese, _ = module.load(labels="ja")
    english, _ = module.load(labels="en")
    assert list(japanese["Q03"].cat.categories) == \
        ["01 普段通り", "02 「発熱\"37.5\"」", "03 その他"]
    assert list(english["Q03"].cat.categories) == \
        ["01 as usual", "02 fever", "03 other"]
    assert list(japanese["Q03"].cat.codes) == list(responses["Q03"].cat.codes)
    assert list(consents.columns) == \
        ["pseudonym", "text", "scopes", "day", "receipt"]
    assert set(consents["pseudonym"]) == set(responses["pseudonym"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
