#pragma once

#include <libpq-fe.h>

/* What wakes a connection's thread; Swift's Glibc module leaves it out. */
#include <sys/eventfd.h>
