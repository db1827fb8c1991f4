#include "client/delivery_text.h"

#include <gtest/gtest.h>

namespace peaksync::client {
namespace {

v1::DeliveryStatus Paused() {
  v1::DeliveryStatus delivery;
  delivery.set_state(v1::DeliveryStatus::STATE_PAUSED);
  delivery.set_reason("Braze refuses the key.");
  delivery.set_remedy("put the right key into its file.");
  delivery.mutable_since()->set_seconds(1788746400);
  delivery.mutable_next_attempt_time()->set_seconds(1788746460);
  delivery.set_back_pressure("max_waiting_bytes is reached");
  delivery.set_waiting_values(4380);
  delivery.set_waiting_customers(7);
  return delivery;
}

TEST(DeliveryTextTest, TheTableSaysWhySinceWhenAndWhatToDo) {
  EXPECT_EQ(DeliveryTable(Paused()),
            "delivery        PAUSED since 2026-09-07T02:00:00Z: Braze refuses the key.\n"
            "  what to do    put the right key into its file.\n"
            "  next try      2026-09-07T02:01:00Z\n"
            "  streams       not read: max_waiting_bytes is reached\n"
            "  waiting       4,380 values of 7 customers\n");
}

TEST(DeliveryTextTest, TheTroubleIsOneLine) {
  EXPECT_EQ(DeliveryTrouble(Paused()),
            "PAUSED: Braze refuses the key. What to do: put the right key into its file. "
            "The service reads no streams now: max_waiting_bytes is reached");
}

TEST(DeliveryTextTest, WhatRunsIsNoTroubleUnlessStreamsAreNotRead) {
  v1::DeliveryStatus delivery;
  delivery.set_state(v1::DeliveryStatus::STATE_RUNNING);
  EXPECT_FALSE(IsBlocked(delivery));
  EXPECT_EQ(DeliveryTable(delivery), "");
  EXPECT_EQ(DeliveryTrouble(delivery), "");
  delivery.set_back_pressure("min_free_disk is reached");
  EXPECT_TRUE(IsBlocked(delivery));
  EXPECT_EQ(DeliveryTrouble(delivery),
            "The service reads no streams now: min_free_disk is reached");
}

}  // namespace
}  // namespace peaksync::client
