// SPDX-License-Identifier: GPL-3.0-or-later
//
// What must hold for any input whatever. A property that does not hold ends the program (CHECK),
// so that libFuzzer and GoogleTest see it alike.
#pragma once

#include "base/bytes.h"

namespace muster::fuzz {

// `input` is a row of datagrams, each behind a length u16, as they come out of an opened seal (a
// member may have sent them). What decodes is encoded the same again, and neither a receiver nor a
// sender that is fed with all of it breaks or stops asking to be called.
void check_datagrams(ByteSpan input);

// `input` is a row of datagrams before the seal, each behind a byte (odd: a member seals it, with
// any header) and a length u16. Nothing opens that was not sealed with the key, and whatever came
// before, the next true datagram opens.
void check_seal(ByteSpan input);

// `input` as a control message of either direction: what is understood is said again the same, and
// an offer can be judged.
void check_control(ByteSpan input);

// `input` as what our own code reads of HTTP: targets, ranges, addresses.
void check_http(ByteSpan input);

// `input` as a message of IGMP and of MLD.
void check_igmp(ByteSpan input);

// `input` as a document in JSON or YAML, and as a task sequence.
void check_documents(ByteSpan input);

// `input` as a manifest: what is accepted has the root that was asked for and is encoded the same.
void check_manifest(ByteSpan input);

// `input` as a journal, as the records of one whose header is good, and as the numbers of records
// whose checksums are good: what is read lies within the image, and the part that was called good
// reads the same alone.
void check_journal(ByteSpan input);

// `input` as the rule of a collection: what is accepted is written in one form, which is accepted
// again as the same rule and matches the same devices.
void check_rule(ByteSpan input);

// `input` as a schedule of rates, a maintenance window and a time: what is accepted is written in
// one form, which is accepted again as the same; a window is open when it opens.
void check_schedule(ByteSpan input);

// `input` as a file of computers: there are rows or faults, and rows that are written are read as
// the same.
void check_import(ByteSpan input);

}  // namespace muster::fuzz
