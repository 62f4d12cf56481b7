"""Sparse tables of scores: questions or items in rows, items in columns; and the pairs that come out of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from recommend.histories import Floats, Ints, Singles, Table

SEED = 20240601
NOWHERE = 999
"""The rank of an item that a source does not name."""


def tie_breakers(items: int) -> Floats:
    """A small fixed random number for each item, so that no tie is decided by an item's number."""
    return np.random.default_rng(SEED).random(items) * 1e-9


def strongest(table: Table, most: int, ties: Floats | None = None) -> Ints:
    """The items with the highest scores of each row, best first, filled up with -1; scores of 0 and less name none."""
    found = np.full((table.shape[0], most), -1, np.int64)
    for row in range(table.shape[0]):
        span = slice(table.indptr[row], table.indptr[row + 1])
        scores = table.data[span].astype(np.float64)
        items = table.indices[span]
        if ties is not None:
            scores = scores * (1 + ties[items])
        if len(scores) > most:
            use = np.argpartition(-scores, most)[:most]
            scores, items = scores[use], items[use]
        order = np.argsort(-scores, kind="stable")
        order = order[scores[order] > 0]
        found[row, : len(order)] = items[order]
    return found


def capped(table: Table, most: int) -> Table:
    """Only the `most` highest scores of each row."""
    table = table.tocsr()
    keep = np.ones(table.nnz, bool)
    for row in np.flatnonzero(np.diff(table.indptr) > most):
        span = slice(table.indptr[row], table.indptr[row + 1])
        weak = np.argpartition(-table.data[span], most)[most:]
        keep[table.indptr[row] + weak] = False
    rows = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    found = sp.csr_matrix((table.data[keep], (rows[keep], table.indices[keep])), shape=table.shape)
    return found


def capped_dense(scores: Singles, most: int, columns: Ints, items: int) -> Table:
    """The `most` highest positive scores of each row as a sparse table; `columns` are the items of the columns."""
    most = min(most, scores.shape[1])
    use = np.argpartition(-scores, most - 1, axis=1)[:, :most]
    data = np.take_along_axis(scores, use, 1).ravel()
    rows = np.repeat(np.arange(scores.shape[0]), most)
    good = data > 0
    return sp.csr_matrix((data[good], (rows[good], columns[use.ravel()][good])), shape=(scores.shape[0], items))


def same_for_all(scores: Floats, rows: int, most: int) -> Table:
    """The `most` highest of the same scores in every row."""
    use = np.argsort(-scores, kind="stable")[:most]
    use = np.sort(use[scores[use] > 0])
    shape = (rows, len(scores))
    data = np.tile(scores[use].astype(np.float32), rows)
    return sp.csr_matrix((data, np.tile(use, rows), np.arange(rows + 1) * len(use)), shape=shape)


def similar(left: Table, right: Table, most: int, block: int = 1000) -> Table:
    """Items x items: `left.T @ right` without the diagonal, the `most` highest of each row; in blocks of items."""
    left, right = left.tocsc(), right.tocsr()
    parts = []
    for start in range(0, left.shape[1], block):
        part = (left[:, start : start + block].T @ right).tocoo()
        off = part.row + start != part.col
        part = sp.csr_matrix((part.data[off], (part.row[off], part.col[off])), shape=part.shape)
        parts.append(capped(part, most))
    return sp.vstack(parts).tocsr()


def scaled(table: Table, columns: Floats) -> Table:
    """The table with each column multiplied."""
    found = table.tocsr().astype(np.float32, copy=True)
    found.data *= columns[found.indices].astype(np.float32)
    return found


def unit_columns(table: Table) -> Table:
    """The table with every column of length 1: the product of two columns is their cosine."""
    length = np.sqrt(np.bincount(table.indices, weights=table.data.astype(float) ** 2, minlength=table.shape[1]))
    return scaled(table, 1 / np.maximum(length, 1e-9))


def union(named: list[Ints], items: int) -> tuple[Ints, Ints]:
    """All (row, item) pairs that any source names, each once, in order of row and item."""
    keys = [(np.arange(len(one))[:, None] * items + one)[one >= 0] for one in named]
    both = np.unique(np.concatenate(keys))
    return both // items, both % items


def table_of(named: Ints, items: int) -> Table:
    """Rows x items, 1 where named."""
    rows, places = np.nonzero(named >= 0)
    ones = np.ones(len(rows), np.float32)
    return sp.csr_matrix((ones, (rows, named[rows, places])), shape=(len(named), items))


def described(table: Table, named: Ints, row: Ints, item: Ints) -> npt.NDArray[np.float32]:
    """Pairs x 3: a source's score of each pair, as a share of the row's highest, and its rank in the row."""
    dense = np.asarray(table.toarray(), np.float32)
    score = dense[row, item]
    best = dense.max(axis=1, initial=0)
    rows, places = np.nonzero(named >= 0)
    ranks = np.full(dense.shape, NOWHERE, np.int16)
    ranks[rows, named[rows, places]] = places
    return np.stack([score, score / (best[row] + np.float32(1e-9)), ranks[row, item].astype(np.float32)], axis=1)
