using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Guests;

/// <summary>Images of machines that run: what is in them, and what making them does to the machine.</summary>
[Collection("guests")]
public sealed class ImageTests(GuestWorld guests)
{
    private World World => guests.World;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact, Claim("C001"), Claim("C002"), Claim("C003"), Claim("C004"), Claim("C008"), Claim("C009"), Claim("C019")]
    [Claim("C021"), Claim("C022"), Claim("C049"), Claim("C069"), Claim("C070"), Claim("C072a"), Claim("C073")]
    public async Task An_image_without_reboot_holds_the_machine_as_it_was_and_boots()
    {
        await guests.Ready();
        var guest = await TinyGuest.Launch(World.Kiln, guests.Image, await TinyGuest.NewKey(World.Kiln, "session"),
            "--security-group-ids", await TinyGuest.OpenGroup(World.Kiln),
            "--block-device-mappings", "DeviceName=/dev/sdf,Ebs={VolumeSize=1}");
        var machine = guest.Id;
        await guests.Awake(machine);
        await guest.Shell("true");
        var session = guest.Ssh("touch /run/session; until [ -e /run/imaged ]; do usleep 100000; done; echo alive");
        await World.Eventually(() => guests.Run(machine, "ls /run"), files => files.Contains("session"));
        await guests.Run(machine, "mkfs.ext4 -q /dev/vdb && mount /dev/vdb /mnt && echo one > /mnt/data && sync");
        // Not synced: the freeze has to.
        await guests.Run(machine, "echo one > /marker; cat /proc/sys/kernel/random/boot_id > /run/before");
        var boot = await guests.Run(machine, "cat /proc/sys/kernel/random/boot_id");

        var aws = World.Kiln.Aws();
        var first = (await aws.Json("ec2", "create-image", "--instance-id", machine, "--name", "MyAMI",
            "--description", "My AMI", "--no-reboot")).GetProperty("ImageId").GetString()!;
        await World.InState(machine, "running");
        Assert.Equal(["freeze", "thaw"], guests.Journal(machine).Where(w => w is "freeze" or "thaw"));
        Assert.Equal("InvalidAMIName.Duplicate", (await aws.Run("ec2", "create-image", "--instance-id", machine,
            "--name", "MyAMI", "--no-reboot")).ErrorCode);
        Assert.Equal(0, (await aws.Run("ec2", "wait", "image-available", "--image-ids", first)).ExitCode);
        var described = await World.Describe(first);
        await guests.Run(machine, "touch /run/imaged; echo two > /marker; echo two > /mnt/data; sync");
        Assert.Equal("alive", (await session).Output.Trim());
        var second = await World.ImageOf(machine);

        // Both volumes, one instant, clean without a replay.
        var (root, data) = (SnapshotAt(described, "/dev/xvda"), SnapshotAt(described, "/dev/sdf"));
        var rootFiles = new FileSystem(await guests.DownloadRoot(root));
        var dataFiles = new FileSystem(await guests.Download(data), Offset: 0);
        Assert.False(await rootFiles.NeedsReplay());
        Assert.False(await dataFiles.NeedsReplay());
        await rootFiles.Check();
        await dataFiles.Check();
        Assert.Equal("one", await rootFiles.Read("/marker"));
        Assert.Equal("one", await dataFiles.Read("/data"));
        Assert.Contains(first, (await World.Completed(root)).Description, StringComparison.Ordinal);

        // The second did not touch the first, and the machine never stopped.
        var still = await World.Describe(first);
        Assert.Equal((described.Name, described.CreationDate), (still.Name, still.CreationDate));
        Assert.Equal(SnapshotsIn(described), SnapshotsIn(still));
        var later = new FileSystem(await guests.DownloadRoot((await World.SnapshotsOf(second))[0]));
        Assert.Equal("two", await later.Read("/marker"));
        Assert.Equal(boot, await guests.Run(machine, "cat /proc/sys/kernel/random/boot_id"));

        var rootOnly = (await World.Ec2().CreateImageAsync(new CreateImageRequest
        {
            InstanceId = machine, Name = World.Name("root-only"), NoReboot = true,
            BlockDeviceMappings = [new BlockDeviceMapping { DeviceName = "/dev/sdf", NoDevice = "" }],
        }, Cancel)).ImageId;
        Assert.Single((await World.Available(rootOnly)).BlockDeviceMappings);

        await End(machine);
        var copies = await Task.WhenAll(guests.Boot(first), guests.Boot(first));
        foreach (var copy in copies)
        {
            Assert.Equal("one", await guests.Run(copy.InstanceId, "cat /marker"));
            Assert.Equal("one", await guests.Run(copy.InstanceId, "mount /dev/vdb /mnt && cat /mnt/data"));
        }
        await Task.WhenAll(copies.Select(c => End(c.InstanceId)));
    }

    [Fact, Claim("C018"), Claim("C020"), Claim("C050"), Claim("C071"), Claim("C074"), Claim("C075"), Claim("C077b")]
    [Claim("C095"), Claim("C137"), Claim("C138"), Claim("C148")]
    public async Task A_reboot_or_a_stop_makes_images_clean_and_no_agent_makes_them_crash_consistent()
    {
        await guests.Ready();
        var machine = (await guests.Boot(more: r => r.BlockDeviceMappings =
            [new BlockDeviceMapping { DeviceName = "/dev/sdf", Ebs = new EbsBlockDevice { VolumeSize = 100 } }]))
            .InstanceId;
        // When its first boot has made its last sync: none is to come in between.
        await guests.Run(
            machine, "until [ -e /var/lib/user-data ]; do usleep 100000; done; echo kept > /kept; sync");
        var boot = await guests.Run(machine, "cat /proc/sys/kernel/random/boot_id");

        // Without an agent that answers: a power cut's image, whose journal is replayed, without what was not written.
        await guests.Run(machine, "(sleep 0.2; killall -STOP qemu-ga; echo late > /late) >/dev/null 2>&1 &");
        await World.Eventually(() => guests.Agent(machine).Ping(Cancel), answers => !answers);
        var crash = await World.ImageOf(machine);
        Assert.DoesNotContain("freeze", guests.Journal(machine));
        await IsSound(crash, replays: true, late: "");
        await guests.Type(machine, "killall -CONT qemu-ga");

        // By default it is rebooted, and the image is pending for as long as that and the saving take.
        await guests.Awake(machine);
        await StartWriter(machine);
        var clean = (await World.Ec2().CreateImageAsync(
            new CreateImageRequest { InstanceId = machine, Name = World.Name("clean") }, Cancel)).ImageId;
        Assert.Equal("pending", (await World.Describe(clean)).State.Value);
        Assert.Equal(["/dev/xvda", "/dev/sdf"],
            (await World.Available(clean)).BlockDeviceMappings.Select(m => m.DeviceName));
        await guests.Awake(machine);
        Assert.NotEqual(boot, await guests.Run(machine, "cat /proc/sys/kernel/random/boot_id"));
        await IsSound(clean, replays: false, late: "late");

        // Stopped by hand, with either flag; it stays stopped.
        await StartWriter(machine);
        await Stop(machine);
        await IsSound(await World.ImageOf(machine, noReboot: false), replays: false, late: "late");
        var rest = await World.ImageOf(machine, noReboot: true);
        await guests.InState(machine, "stopped");
        await End(machine);

        // One of its snapshots makes it again; nothing of that is lost by the end of the image and the snapshot, nor by
        // a stop and a start.
        var snapshot = (await World.SnapshotsOf(rest))[0];
        await World.Ec2().DeregisterImageAsync(new DeregisterImageRequest { ImageId = rest }, Cancel);
        var image = await World.Register(snapshot);
        var rebuilt = (await guests.Boot(image)).InstanceId;
        await World.Ec2().DeregisterImageAsync(new DeregisterImageRequest { ImageId = image }, Cancel);
        await World.Ec2().DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = snapshot }, Cancel);
        Assert.Equal("kept", await guests.Run(rebuilt, "cat /kept; echo more > /more"));
        await Stop(rebuilt);
        await World.Ec2().StartInstancesAsync(new StartInstancesRequest { InstanceIds = [rebuilt] }, Cancel);
        await guests.Awake(rebuilt);
        Assert.Equal("kept\nmore", await guests.Run(rebuilt, "cat /kept /more"));
        await End(rebuilt);
    }

    [Fact, Claim("C107"), Claim("C111")]
    public async Task Who_may_launch_an_image_reads_its_disk_and_keeps_the_machine()
    {
        await guests.Ready();
        List<LaunchPermission> everybody = [new() { Group = "all" }, new() { UserId = KilnProcess.B }];
        await Permit(new LaunchPermissionModifications { Add = everybody });
        var theirs = await guests.Boot(account: KilnProcess.B);
        Assert.Equal("/bin/sh", await guests.Run(theirs.InstanceId, "grep -x /bin/sh /etc/shells"));
        var snapshot = (await World.SnapshotsOf(guests.Image)).Single();
        Assert.Equal("InvalidSnapshot.NotFound", (await World.Refused(() => World.Ec2(KilnProcess.B)
            .DescribeSnapshotsAsync(new DescribeSnapshotsRequest { SnapshotIds = [snapshot] }, Cancel))).ErrorCode);
        await Assert.ThrowsAsync<HttpRequestException>(() => World.Digest(snapshot, KilnProcess.B));
        await Permit(new LaunchPermissionModifications { Remove = everybody });

        var refused = await World.Refused(() => World.Launch(guests.Image, KilnProcess.B));
        Assert.Equal("InvalidAMIID.NotFound", refused.ErrorCode);
        var b = World.Ec2(KilnProcess.B);
        await b.StopInstancesAsync(new StopInstancesRequest { InstanceIds = [theirs.InstanceId] }, Cancel);
        await World.InState(theirs.InstanceId, "stopped", KilnProcess.B);
        await b.StartInstancesAsync(new StartInstancesRequest { InstanceIds = [theirs.InstanceId] }, Cancel);
        await World.InState(theirs.InstanceId, "running", KilnProcess.B);
        await b.TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [theirs.InstanceId] }, Cancel);
    }

    [Fact, Claim("C108")]
    public async Task An_encrypted_image_boots_for_another_account_with_its_key_and_not_without()
    {
        await guests.Ready();
        var key = (await World.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata;
        var image = await World.Copy(guests.Image, KilnProcess.R1, KilnProcess.R1,
            more: r => (r.Encrypted, r.KmsKeyId) = (true, key.Arn));
        await World.Share(image, KilnProcess.B);
        var refused = (await World.Ec2(KilnProcess.B).RunInstancesAsync(new RunInstancesRequest
        {
            ImageId = image, InstanceType = "t3.micro", MinCount = 1, MaxCount = 1,
        }, Cancel)).Reservation.Instances[0].InstanceId;
        var ended = await World.InState(refused, "terminated", KilnProcess.B);
        Assert.Equal("Client.InternalError", ended.StateReason.Code);
        Assert.Equal(0, guests.ProcessOf(refused));

        await World.LetUse(key.KeyId, KilnProcess.B);
        var theirs = (await guests.Boot(image, KilnProcess.B,
            r => r.InstanceInitiatedShutdownBehavior = ShutdownBehavior.Terminate)).InstanceId;
        Assert.Equal("/bin/sh", await guests.Run(theirs, "grep -x /bin/sh /etc/shells"));
        await guests.Run(theirs, "(sleep 0.2; poweroff) >/dev/null 2>&1 &");
        var gone = await World.InState(theirs, "terminated", KilnProcess.B);
        Assert.Equal("Client.InstanceInitiatedShutdown", gone.StateReason.Code);
    }

    private Task Permit(LaunchPermissionModifications change) => World.Ec2().ModifyImageAttributeAsync(
        new ModifyImageAttributeRequest { ImageId = guests.Image, LaunchPermission = change }, Cancel);

    private static IEnumerable<string> SnapshotsIn(Image image) =>
        image.BlockDeviceMappings.Select(m => m.Ebs.SnapshotId);

    private static string SnapshotAt(Image image, string device) =>
        image.BlockDeviceMappings.Single(m => m.DeviceName == device).Ebs.SnapshotId;

    private Task StartWriter(string machine) => guests.Run(machine,
        "(i=0; while true; do i=$((i+1)); echo $i >> /log; sync; cp /bin/busybox /w.$((i%5)); "
        + "rm -f /w.$(((i+2)%5)); done) >/dev/null 2>&1 & sleep 1");

    private async Task IsSound(string image, bool replays, string late)
    {
        var files = new FileSystem(await guests.DownloadRoot((await World.SnapshotsOf(image))[0]));
        Assert.Equal(replays, await files.NeedsReplay());
        if (replays)
            await files.Replay();
        await files.Check();
        Assert.Equal(("kept", late), (await files.Read("/kept"), await files.Read("/late")));
    }

    private async Task Stop(string machine)
    {
        await World.Ec2().StopInstancesAsync(new StopInstancesRequest { InstanceIds = [machine] }, Cancel);
        await guests.InState(machine, "stopped");
    }

    private async Task End(string machine)
    {
        await World.Ec2().TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [machine] }, Cancel);
        await guests.InState(machine, "terminated");
    }
}
