/* SPDX-License-Identifier: MIT */
/* The deploys that there are, and who takes an image. */
#pragma once

#include "webhookd/bus/context.h"

int method_list_deploys(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_describe_deploys(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_match_image(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_match_images(sd_bus_message *message, void *userdata, sd_bus_error *error);
