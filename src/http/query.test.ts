import assert from "node:assert/strict";
import { test } from "node:test";
import { Query } from "./query.ts";

test("a query is read as forms are, however often it is asked", () => {
  for (const sent of ["", "n=1", "a=1&b=&a=2&c", "q=a+b%20c&%74ag=%C3%A9&x=a=b", "%", "?n=1", "&&="]) {
    const [query, expected] = [new Query(sent), new URLSearchParams(sent)];
    for (const name of ["n", "a", "tag", "none"]) {
      assert.equal(query.get(name), expected.get(name));
      assert.deepEqual(query.getAll(name), expected.getAll(name));
    }
    assert.deepEqual([...query.keys()], [...expected.keys()]);
    assert.deepEqual([...query], [...expected]);
    assert.deepEqual([...query], [...expected]);
  }
});
