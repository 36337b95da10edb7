"""The sample back end's cache keys and its handling of the gateway's headers. Run: python3 -m unittest"""

import unittest

from orders import answer, cache_key, compute, may_be_cached

SHARED = {"X-CachedApi-Ttl": "60", "X-CachedApi-Scope": "shared"}


def caller(name):
    return {"X-CachedApi-Ttl": "60", "X-CachedApi-Scope": "caller", "X-CachedApi-Caller": name}


class CacheKey(unittest.TestCase):
    def test_two_callers_never_share_an_entry(self):
        self.assertNotEqual(cache_key("/orders/42", caller("ann")), cache_key("/orders/42", caller("bob")))

    def test_a_shared_answer_does_not_depend_on_the_caller(self):
        self.assertEqual(
            cache_key("/orders/42", {**SHARED, "X-CachedApi-Caller": "ann"}),
            cache_key("/orders/42", {**SHARED, "X-CachedApi-Caller": "bob"}),
        )

    def test_only_the_named_query_parameters_and_headers_count(self):
        named = {**SHARED, "X-CachedApi-Key-Query": "fields", "X-CachedApi-Key-Headers": "accept-language"}
        key = cache_key("/orders/42?fields=id", {**named, "accept-language": "de"})
        self.assertEqual(key, cache_key("/orders/42?fields=id&trace=1", {**named, "accept-language": "de"}))
        self.assertNotEqual(key, cache_key("/orders/42?fields=item", {**named, "accept-language": "de"}))
        self.assertNotEqual(key, cache_key("/orders/42?fields=id", {**named, "accept-language": "fr"}))

    def test_paths_tell_answers_apart(self):
        self.assertNotEqual(cache_key("/orders/42", SHARED), cache_key("/orders/43", SHARED))


class Policy(unittest.TestCase):
    def test_without_a_time_to_live_nothing_is_cached(self):
        for headers in ({}, {**SHARED, "X-CachedApi-Ttl": "0"}):
            self.assertFalse(may_be_cached(headers))

    def test_an_answer_for_an_unknown_caller_is_not_cached(self):
        self.assertFalse(may_be_cached({"X-CachedApi-Ttl": "60", "X-CachedApi-Scope": "caller"}))
        self.assertTrue(may_be_cached(caller("ann")))

    def test_an_uncached_route_is_answered_without_a_cache(self):
        body, cache = answer("/orders/42", {})
        self.assertEqual(cache, "bypass")
        self.assertIn(b'"id": "42"', body)

    def test_a_path_that_is_none_of_its_own_has_no_answer(self):
        self.assertIsNone(compute("/customers/1"))


if __name__ == "__main__":
    unittest.main()
