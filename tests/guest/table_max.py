#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""table_max.py SEED STEPS: cases for tqnl, which expects table t to be new, with
rules_max 5, in a namespace without transactions so far: transactions that overlap,
are committed, aborted, confirmed and taken back by chance.  What a request must
answer is found the long way: a rule may be added if the limit holds whatever
other transactions do from now on, each of them tried both ways."""
import itertools
import random
import sys

MAX = 5


class Model:
    def __init__(self):
        self.rules = set()
        self.txns = {}    # id: {handle: is it there afterwards}
        self.backs = {}   # the same of what takes a commit back
        self.last = 0
        self.handle = 0

    def owner(self, handle):
        for pending in (self.txns, self.backs):
            for txn, changes in pending.items():
                if handle in changes:
                    return txn
        return None

    def sees(self, txn, handle):
        return self.txns.get(txn, {}).get(handle, handle in self.rules)

    @staticmethod
    def end(rules, changes):
        return {h for h in rules | set(changes) if changes.get(h, h in rules)}

    def worst(self, txn, changes, most):
        """Most rules there may be if @txn has @changes and is committed."""
        others = [c for p in (self.txns, self.backs) for t, c in p.items() if t != txn]
        worst = 0
        for n in range(len(others) + 1):
            for some in itertools.combinations(others, n):
                rules = self.end(self.rules, changes)
                for c in some:
                    rules = self.end(rules, c)
                worst = max(worst, len(rules))
        return worst <= most


def emit(expect, attr, request):
    print("%s %s <- %s" % (expect, attr, request))


def add(m, rnd, txn):
    gone = [h for h, there in m.txns.get(txn, {}).items() if not there]
    if gone and rnd.random() < 0.5:
        handle = rnd.choice(gone)
    else:
        m.handle += 1
        handle = m.handle
    changes = dict(m.txns.get(txn, {}))
    changes[handle] = True
    fits = m.worst(txn, changes, MAX)
    emit("OK" if fits else "ENOSPC", "-" if fits else "RULES_RULE",
         "RULE_NEW RULES_TABLE=str:t%s RULES_RULE={ RULE_HANDLE=u64:%d RULE_PRIO=u32:%d }"
         % (" RULES_TXN=u32:%d" % txn if txn else "", handle, rnd.randrange(9)))
    if fits and txn:
        m.txns[txn] = changes
    elif fits:
        m.rules.add(handle)


def delete(m, rnd, txn):
    mine = [h for h in sorted(m.rules | set(m.txns.get(txn, {})))
            if m.sees(txn, h) and m.owner(h) in (None, txn)]
    if not mine:
        return
    handle = rnd.choice(mine)
    emit("OK", "-", "RULE_DEL RULES_TABLE=str:t%s RULES_RULE={ RULE_HANDLE=u64:%d }"
         % (" RULES_TXN=u32:%d" % txn if txn else "", handle))
    if txn:
        m.txns[txn][handle] = False
    else:
        m.rules.discard(handle)


def flush(m, txn):
    there = [h for h in m.rules | set(m.txns.get(txn, {})) if m.sees(txn, h)]
    busy = any(m.owner(h) not in (None, txn) for h in there)
    emit("EBUSY" if busy else "OK", "-",
         "TABLE_FLUSH TABLE_NAME=str:t" + (" TABLE_TXN=u32:%d" % txn if txn else ""))
    if not busy and txn:
        m.txns[txn].update((h, False) for h in there)
    elif not busy:
        m.rules = set()


def commit(m, rnd, txn):
    confirm = rnd.random() < 0.4
    emit("OK", "-", "TXN_COMMIT TXN_ID=u32:%d%s" % (txn, " TXN_CONFIRM_MS=u32:9999999" if confirm else ""))
    changes = m.txns.pop(txn)
    after = m.end(m.rules, changes)
    if confirm:
        # What came and went within it is nobody's.
        m.backs[txn] = {h: h in m.rules for h in changes if h in m.rules or h in after}
    m.rules = after


def settle(m, rnd, txn):
    keep = rnd.random() < 0.5
    emit("OK", "-", "%s TXN_ID=u32:%d" % ("TXN_CONFIRM" if keep else "TXN_ABORT", txn))
    changes = m.backs.pop(txn)
    if not keep:
        m.rules = m.end(m.rules, changes)


def limit(m, rnd):
    most = rnd.randrange(1, MAX)
    fits = m.worst(None, {}, most)
    # One that is too low, or one that would be right, which is then given back.
    emit("OK" if fits else "EBUSY", "-" if fits else "TABLE_RULES_MAX",
         "TABLE_SET TABLE_NAME=str:t TABLE_RULES_MAX=u32:%d" % most)
    if fits:
        emit("OK", "-", "TABLE_SET TABLE_NAME=str:t TABLE_RULES_MAX=u32:%d" % MAX)


def main():
    rnd = random.Random(int(sys.argv[1]))
    m = Model()
    for _ in range(int(sys.argv[2])):
        txn = rnd.choice([None] + list(m.txns))
        what = rnd.random()
        if len(m.txns) < 3 and what < 0.08:
            m.last += 1
            m.txns[m.last] = {}
            emit("OK", "-", "TXN_BEGIN")
        elif what < 0.6:
            add(m, rnd, txn)
        elif what < 0.78:
            delete(m, rnd, txn)
        elif what < 0.84:
            flush(m, txn)
        elif what < 0.9:
            limit(m, rnd)
        elif txn and what < 0.95:
            commit(m, rnd, txn)
        elif txn and what < 0.97:
            emit("OK", "-", "TXN_ABORT TXN_ID=u32:%d" % txn)
            del m.txns[txn]
        elif m.backs:
            settle(m, rnd, rnd.choice(list(m.backs)))
    for txn in list(m.txns):
        commit(m, rnd, txn)
    for txn in list(m.backs):
        settle(m, rnd, txn)
    print("# rules %d" % len(m.rules))


main()
