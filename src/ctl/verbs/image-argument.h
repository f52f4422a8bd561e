/* SPDX-License-Identifier: MIT */
/* A reference to an image, as it is typed. */
#pragma once

#include "ctl/ctl.h"
#include "shared/image-ref.h"

/* 0 and a reference, to be freed; what is none, and the lack of memory, are reported. */
int image_argument_parse(const Ctl *ctl, const char *text, ImageRef **ret);
