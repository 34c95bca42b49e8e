// SPDX-License-Identifier: MIT
// list_test.c: order, removal and splicing.

#include <lib/list.h>

#include <helix/test.h>

static size_t list_length(const struct list_node *head)
{
    size_t length = 0;
    for (const struct list_node *node = head->next; node != head; node = node->next)
        length += node->next->previous == node;
    return length;
}

TEST(list, takes_in_the_order_of_adding)
{
    struct list_node head = LIST_HEAD(head), a, b, c;
    list_add_tail(&head, &b);
    list_add_tail(&head, &c);
    list_add(&head, &a);
    CHECK_EQUAL(list_length(&head), 3);
    CHECK(list_take(&head) == &a && list_take(&head) == &b && list_take(&head) == &c);
    CHECK(list_take(&head) == nullptr && list_empty(&head));
}

TEST(list, survives_removing_twice)
{
    struct list_node head = LIST_HEAD(head), a, b;
    list_add(&head, &a);
    list_add(&head, &b);
    list_remove(&a);
    CHECK(!list_linked(&a) && list_linked(&b));
    list_remove(&a);
    CHECK_EQUAL(list_length(&head), 1);
}

TEST(list, splices_everything_and_leaves_the_source_empty)
{
    struct list_node to = LIST_HEAD(to), from = LIST_HEAD(from), a, b, c;
    list_add_tail(&to, &a);
    list_splice_tail(&to, &from);
    CHECK_EQUAL(list_length(&to), 1);
    list_add_tail(&from, &b);
    list_add_tail(&from, &c);
    list_splice_tail(&to, &from);
    CHECK(list_empty(&from));
    CHECK_EQUAL(list_length(&to), 3);
    CHECK(to.next == &a && to.previous == &c);
}
