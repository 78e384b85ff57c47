# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments with the real programs: one image to the computers of a room, applied and verified.

What was verified by the agent is looked at again here by other tools (volume.py).
"""

import os

from cases import check, check_equal, lab_test
from lab_site import Site
from rig import Room, wait_until
from volume import check_disk
from wims import MIB, capture, make_tree, make_wim


@lab_test(180)
def image_in_memory_is_applied_and_verified(programs):
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room).start()
        image, tree = make_wim(room, "xpress", files=2000, noise_bytes=8 * MIB)
        for name, loss in (("PC-01", 0.0), ("PC-02", 0.05)):
            site.computer(name, loss=loss)
        deployment = site.deploy_image(image, ["PC-01", "PC-02"], start_at=2, or_after=20)
        for computer in site.computers.values():
            site.start_agent(computer)
        site.check_all_verified(deployment, {"PC-01": tree, "PC-02": tree})


@lab_test(180)
def image_larger_than_memory_is_staged_on_the_disk_and_verified(programs):
    """The staging partition was there, and Windows has its room afterwards (check_disk)."""
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room, rate="60M").start()
        image, tree = make_wim(room, "large", noise_bytes=40 * MIB, compress="LZX")
        check(os.path.getsize(image) > 32 * MIB, "128 MiB minus 96 MiB at work are enough for it")
        site.computer("PC-01", loss=0.01)
        site.computer("PC-02", loss=0.01, sector_bytes=4096, disk_bytes=4 << 30)
        site.computer("PC-03")
        deployment = site.deploy_image(image, list(site.computers), start_at=3, or_after=20)
        for name, memory in (("PC-01", "128M"), ("PC-02", "128M"), ("PC-03", "1G")):
            site.start_agent(site.computers[name], memory=memory)
        for name, count in (("PC-01", 4), ("PC-02", 4), ("PC-03", 3)):
            site.wait_for_stage(deployment, name, "receiving")
            check_equal(len(site.computers[name].disk.partitions()), count,
                        f"{name}: partitions while it receives")
        site.check_all_verified(deployment, {name: tree for name in site.computers})


@lab_test(180)
def every_form_of_wim_arrives(programs):
    """Four sessions of one server at once: LZX, solid LZMS, no compression, the second image."""
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room, rate="45M").start()
        forms = {"PC-01": make_wim(room, "lzx", seed=1, compress="LZX"),
                 "PC-02": make_wim(room, "lzms", seed=2, solid=True),
                 "PC-03": make_wim(room, "plain", seed=3, compress="none", integrity=False)}
        first = capture(forms["PC-01"][1], os.path.join(room.tmp, "two.wim"), integrity=False)
        second = make_tree(os.path.join(room.tmp, "second-tree"), seed=4)
        forms["PC-04"] = capture(second, first, append=True, integrity=False), second
        numbers = {}
        for name, (image, _) in forms.items():
            site.computer(name)
            numbers[name] = site.deploy_image(image, [name], image=f"image of {name}",
                                              index=2 if name == "PC-04" else 1)
        for computer in site.computers.values():
            site.start_agent(computer)
        for name, (_, tree) in forms.items():
            site.check_all_verified(numbers[name], {name: tree})


@lab_test(180)
def late_computer_joins_the_running_session(programs):
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room, rate="30M").start()
        image, tree = make_wim(room, "image", noise_bytes=16 * MIB)
        for name in ("PC-01", "PC-02"):
            site.computer(name, loss=0.01)
        deployment = site.deploy_image(image, ["PC-01", "PC-02"])
        site.start_agent(site.computers["PC-01"])
        site.wait_for_stage(deployment, "PC-01", "receiving", 0.4)
        site.start_agent(site.computers["PC-02"])
        site.check_all_verified(deployment, {"PC-01": tree, "PC-02": tree})
        sessions = site.progress(deployment)[1]
        check_equal(len(sessions), 1, "sessions for one image")
        ratio = sessions[0]["bytes_sent"]["total"] / sessions[0]["image_bytes"]
        print(f"sent {ratio:.3f} x the image for a computer that was switched on at 40 %")


@lab_test(180)
def killed_agent_stops_nobody_and_ends_verified_when_it_comes_back(programs):
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room, rate="30M").start()
        image, tree = make_wim(room, "image", noise_bytes=16 * MIB)
        for name in ("PC-01", "PC-02"):
            site.computer(name, loss=0.01)
        deployment = site.deploy_image(image, ["PC-01", "PC-02"], start_at=2, or_after=20)
        for computer in site.computers.values():
            site.start_agent(computer)
        victim = site.computers["PC-02"]
        site.wait_for_stage(deployment, "PC-02", "receiving", 0.3)
        victim.agent.kill()
        survivor = site.computers["PC-01"]
        survivor.agent.wait_for_exit(0, 90)
        check_disk(room, survivor.host, survivor.disk, tree)
        state = site.progress(deployment)[0]["PC-02"]
        check_equal((state["state"], state["stage"], state["verified"]),
                    ("running", "not connected", False), "what the server says of a killed agent")
        site.start_agent(victim)
        victim.agent.wait_for_line("step 1 .partition disk. succeeded")  # from the beginning
        site.check_all_verified(deployment, {"PC-02": tree})


@lab_test(180)
def computer_that_cannot_apply_the_image_fails_by_name_and_alone(programs):
    """Somebody opens the new Windows partition for himself while the image still arrives."""
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room, rate="30M").start()
        image, tree = make_wim(room, "image", noise_bytes=16 * MIB)
        for name in ("PC-01", "PC-02"):
            site.computer(name, loss=0.01)
        deployment = site.deploy_image(image, ["PC-01", "PC-02"], start_at=2, or_after=20)
        for computer in site.computers.values():
            site.start_agent(computer)
        bad = site.computers["PC-01"]
        site.wait_for_stage(deployment, "PC-01", "receiving")
        claim = os.open(bad.disk.partitions()[2], os.O_RDWR | os.O_EXCL)
        try:
            watched = site.watch(deployment)
        finally:
            os.close(claim)
        check_equal(watched.exit_code, 3, f"exit code of {watched.describe()}")
        said = [line for line in watched.out.splitlines() if "PC-01 NOT verified: failed" in line]
        check_equal(len(said), 1, f"rows of PC-01 in {watched.describe()}")
        print(said[0])
        for part in ("step 2", "apply operating system image", bad.disk.device, "in use"):
            check(part in said[0], f"{part!r} is not said in {said[0]}")
        bad.agent.wait_for_exit(1)
        check("verified" not in bad.agent.out + bad.agent.err, bad.agent.describe())
        check("PC-02 verified" in watched.out, watched.describe())
        good = site.computers["PC-02"]
        good.agent.wait_for_exit(0)
        check_disk(room, good.host, good.disk, tree)


@lab_test(180)
def agents_come_back_by_themselves_when_the_server_is_killed(programs):
    """One that receives goes on receiving, one that had finished meanwhile only says so."""
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room, rate="30M").start()
        image, tree = make_wim(room, "image", noise_bytes=16 * MIB)
        for name in ("PC-01", "PC-02"):
            site.computer(name, loss=0.01)
        deployment = site.deploy_image(image, ["PC-01", "PC-02"], start_at=2, or_after=20)
        for computer in site.computers.values():
            site.start_agent(computer)
        watching = site.server.popen([programs.muster, "watch", deployment, "--site", site.login])
        site.wait_for_stage(deployment, "PC-01", "receiving", 0.4)
        site.serve.kill()
        watching.wait_for_line("trying again")
        for computer in site.computers.values():
            computer.agent.wait_for_line("trying again")
        site.start()
        site.check_all_verified(deployment, {"PC-01": tree, "PC-02": tree})
        for computer in site.computers.values():
            partitioned = computer.agent.err.count("step 1 (partition disk) started")
            check_equal(partitioned, 1, f"{computer.name}: how often it partitioned its disk")
        watching.wait_for_exit(0)
        check("PC-02 verified" in watching.out, watching.describe())


@lab_test(180)
def agent_whose_server_is_away_before_it_has_joined_joins_when_it_is_back(programs):
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room).start()
        image, tree = make_wim(room, "image", noise_bytes=4 * MIB)
        pc = site.computer("PC-01")
        deployment = site.deploy_image(image, ["PC-01"])
        site.start_agent(pc)
        pc.agent.wait_for_line("step 1 \\(partition disk\\) started")
        site.serve.kill()
        pc.agent.wait_for_line("step 2 .* started")
        site.start()
        site.check_all_verified(deployment, {"PC-01": tree})
        check_equal(pc.agent.err.count("step 1 (partition disk) started"), 1,
                    "how often it partitioned its disk")


@lab_test(180)
def agent_that_finished_while_the_server_was_away_does_not_start_over(programs):
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room).start()
        image, tree = make_wim(room, "image", files=2000, noise_bytes=8 * MIB)
        pc = site.computer("PC-01")
        deployment = site.deploy_image(image, ["PC-01"])
        site.start_agent(pc)
        wait_until(lambda: [member["state"] for session in site.progress(deployment)[1]
                            for member in session["members"]] == ["verified"],
                   "the image to have arrived")
        site.serve.kill()
        check("task sequence" not in pc.agent.err.split("running task sequence")[-1][20:],
              f"it was too quick for this test: {pc.agent.describe()}")
        pc.agent.wait_for_line("task sequence succeeded, verified")
        site.start()
        site.check_all_verified(deployment, {"PC-01": tree})
        check_equal(pc.agent.err.count("step 1 (partition disk) started"), 1,
                    "how often it partitioned its disk")


@lab_test(180)
def agent_that_stays_does_what_was_deployed_meanwhile(programs):
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room, rate="30M").start()
        first, _ = make_wim(room, "first", noise_bytes=8 * MIB, seed=1)
        second, tree = make_wim(room, "second", seed=2)
        pc = site.computer("PC-01")
        deployments = [site.deploy_image(first, ["PC-01"], image="first")]
        site.start_agent(pc, once=False)
        site.wait_for_stage(deployments[0], "PC-01", "receiving")
        deployments.append(site.deploy_image(second, ["PC-01"], image="second"))
        for deployment in deployments:
            site.watch(deployment)
            check(site.progress(deployment)[0]["PC-01"]["verified"], f"deployment {deployment}")
        check(pc.agent.running(), f"the agent ended: {pc.agent.describe()}")
        pc.agent.stop()
        check_disk(room, pc.host, pc.disk, tree)


@lab_test(180)
def two_rooms_at_once_do_not_disturb_each_other(programs):
    with Room(link_rate="200mbit") as one, Room(link_rate="200mbit") as other:
        sites = []
        for seed, room in enumerate((one, other), 1):
            site = Site(programs, room).start()
            image, tree = make_wim(room, "image", noise_bytes=4 * MIB, seed=seed)
            site.computer("PC-01", loss=0.01)
            sites.append((site, tree, site.deploy_image(image, ["PC-01"])))
        for site, _, _ in sites:
            site.start_agent(site.computers["PC-01"])
        for site, tree, deployment in sites:
            site.check_all_verified(deployment, {"PC-01": tree})
            check_equal(len(site.progress(deployment)[1]), 1, "sessions of a site")
