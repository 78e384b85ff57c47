// SPDX-License-Identifier: GPL-3.0-or-later
//
// The bodies of Asio and Beast, compiled once here instead of in every file that includes them.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
