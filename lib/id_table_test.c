// SPDX-License-Identifier: MIT
// id_table_test.c: numbers out of order, in one bucket, and taken out again.
#include <lib/id_table.h>

#include <helix/test.h>

static bool in_order(const struct id_table *table, const uint64_t *wanted, size_t count)
{
    size_t seen = 0;
    list_for_each(node, &table->order) {
        if (seen == count || container_of(node, struct id_node, order)->id != wanted[seen])
            return false;
        seen++;
    }
    return seen == count;
}

TEST(id_table, finds_and_orders_numbers_that_share_a_bucket)
{
    struct id_table table = ID_TABLE(table);
    struct id_node node[5];
    static const uint64_t ids[5] = { 7, 7 + ID_BUCKETS, 3, 7 + 3 * ID_BUCKETS, 7 + 2 * ID_BUCKETS };
    CHECK(!id_table_find(&table, 7));
    for (size_t i = 0; i < 5; i++)
        id_table_add(&table, &node[i], ids[i]);
    for (size_t i = 0; i < 5; i++)
        CHECK(id_table_find(&table, ids[i]) == &node[i]);
    CHECK(!id_table_find(&table, 4) && !id_table_find(&table, 7 + 4 * ID_BUCKETS) && !id_table_find(&table, 0));
    CHECK(in_order(&table, (const uint64_t[]){ 3, 7, 7 + ID_BUCKETS, 7 + 2 * ID_BUCKETS, 7 + 3 * ID_BUCKETS }, 5));
    id_table_remove(&node[1]); // amid its bucket
    id_table_remove(&node[4]); // its first
    CHECK(in_order(&table, (const uint64_t[]){ 3, 7, 7 + 3 * ID_BUCKETS }, 3));
    CHECK(!id_table_find(&table, ids[1]) && !id_table_find(&table, ids[4]));
    CHECK(id_table_find(&table, ids[0]) == &node[0] && id_table_find(&table, ids[3]) == &node[3]);
    id_table_remove(&node[0]); // its last
    CHECK(id_table_find(&table, ids[3]) == &node[3] && !id_table_find(&table, 7));
    id_table_add(&table, &node[0], UINT64_MAX);
    CHECK(in_order(&table, (const uint64_t[]){ 3, 7 + 3 * ID_BUCKETS, UINT64_MAX }, 3));
    id_table_remove(&node[0]);
    id_table_remove(&node[2]);
    id_table_remove(&node[3]);
    CHECK(in_order(&table, nullptr, 0) && !id_table_find(&table, 3));
}
