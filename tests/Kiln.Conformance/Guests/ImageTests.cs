using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Guests;

/// <summary>Images of machines that run: what is in them, and what making them does to the machine.</summary>
[Collection("guests")]
public sealed class ImageTests(GuestWorld guests)
{
    private World World => guests.World;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact, Claim("C001"), Claim("C002"), Claim("C003"), Claim("C004"), Claim("C009"), Claim("C019"), Claim("C021")]
    [Claim("C022"), Claim("C049"), Claim("C069"), Claim("C070"), Claim("C073")]
    public async Task An_image_without_reboot_holds_the_machine_as_it_was_and_boots()
    {
        await guests.Ready();
        var machine = (await guests.Boot(more: WithData)).InstanceId;
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
        var described = await World.Available(first);
        await guests.Run(machine, "echo two > /marker; echo two > /mnt/data; sync");
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
        Assert.Equal(await World.SnapshotsOf(first), described.BlockDeviceMappings.Select(m => m.Ebs.SnapshotId));
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
        var copy = await guests.Boot(first);
        Assert.Equal("one", await guests.Run(copy.InstanceId, "cat /marker"));
        Assert.Equal("one", await guests.Run(copy.InstanceId, "mount /dev/vdb /mnt && cat /mnt/data"));
        await End(copy.InstanceId);
    }

    [Fact, Claim("C018"), Claim("C020"), Claim("C050"), Claim("C068"), Claim("C071"), Claim("C074"), Claim("C075")]
    [Claim("C077b"), Claim("C095"), Claim("C137"), Claim("C138")]
    public async Task A_reboot_or_a_stop_makes_images_clean_and_no_agent_makes_them_crash_consistent()
    {
        await guests.Ready();
        var machine = (await guests.Boot()).InstanceId;
        await guests.Run(machine, "echo kept > /kept; sync");
        await StartWriter(machine);
        var boot = await guests.Run(machine, "cat /proc/sys/kernel/random/boot_id");

        // Without an agent that answers: a power cut's image, whose journal is replayed.
        await guests.Run(
            machine, "(sleep 0.2; killall -STOP qemu-ga; sleep 8; killall -CONT qemu-ga) >/dev/null 2>&1 &");
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, Cancel);
        var crash = await World.ImageOf(machine);
        Assert.DoesNotContain("freeze", guests.Journal(machine));
        await IsSound(crash, replays: true);

        // By default it is rebooted.
        await guests.Awake(machine);
        var clean = await World.ImageOf(machine, noReboot: false);
        await guests.Awake(machine);
        Assert.NotEqual(boot, await guests.Run(machine, "cat /proc/sys/kernel/random/boot_id"));
        await IsSound(clean, replays: false);

        // Stopped by hand, with either flag; it stays stopped.
        await StartWriter(machine);
        await World.Ec2().StopInstancesAsync(new StopInstancesRequest { InstanceIds = [machine] }, Cancel);
        await guests.InState(machine, "stopped");
        await IsSound(await World.ImageOf(machine, noReboot: false), replays: false);
        var rest = await World.ImageOf(machine, noReboot: true);
        await IsSound(rest, replays: false);
        await guests.InState(machine, "stopped");

        // Nothing of it is lost by the stop, nor by the end of every image.
        var snapshot = (await World.SnapshotsOf(rest))[0];
        foreach (var image in (string[])[crash, clean, rest])
            await World.Ec2().DeregisterImageAsync(new DeregisterImageRequest { ImageId = image }, Cancel);
        await World.Ec2().StartInstancesAsync(new StartInstancesRequest { InstanceIds = [machine] }, Cancel);
        await guests.InState(machine, "running");
        await guests.Awake(machine);
        Assert.Equal("kept", await guests.Run(machine, "echo more > /more && sync && cat /kept"));
        await End(machine);

        var rebuilt = await guests.Boot(await World.Register(snapshot));
        Assert.Equal("kept", await guests.Run(rebuilt.InstanceId, "cat /kept"));
        await End(rebuilt.InstanceId);
    }

    [Fact, Claim("C107"), Claim("C111")]
    public async Task Who_may_launch_an_image_reads_its_disk_and_keeps_the_machine()
    {
        await guests.Ready();
        var ec2 = World.Ec2();
        await World.Share(guests.Image, KilnProcess.B);
        var theirs = await guests.Boot(account: KilnProcess.B);
        Assert.Equal("/bin/sh", await guests.Run(theirs.InstanceId, "grep -x /bin/sh /etc/shells"));
        await ec2.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = guests.Image,
            LaunchPermission = new LaunchPermissionModifications
            {
                Remove = [new LaunchPermission { UserId = KilnProcess.B }],
            },
        }, Cancel);

        var refused = await World.Refused(() => World.Launch(guests.Image, KilnProcess.B));
        Assert.Equal("InvalidAMIID.NotFound", refused.ErrorCode);
        var b = World.Ec2(KilnProcess.B);
        await b.StopInstancesAsync(new StopInstancesRequest { InstanceIds = [theirs.InstanceId] }, Cancel);
        await World.InState(theirs.InstanceId, "stopped", KilnProcess.B);
        await b.StartInstancesAsync(new StartInstancesRequest { InstanceIds = [theirs.InstanceId] }, Cancel);
        await World.InState(theirs.InstanceId, "running", KilnProcess.B);
        await b.TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [theirs.InstanceId] }, Cancel);
    }

    private static void WithData(RunInstancesRequest request) => request.BlockDeviceMappings =
        [new BlockDeviceMapping { DeviceName = "/dev/sdf", Ebs = new EbsBlockDevice { VolumeSize = 1 } }];

    private static string SnapshotAt(Image image, string device) =>
        image.BlockDeviceMappings.Single(m => m.DeviceName == device).Ebs.SnapshotId;

    private Task StartWriter(string machine) => guests.Run(machine,
        "(i=0; while true; do i=$((i+1)); echo $i >> /log; sync; cp /bin/busybox /w.$((i%5)); "
        + "rm -f /w.$(((i+2)%5)); done) >/dev/null 2>&1 & sleep 1");

    private async Task IsSound(string image, bool replays)
    {
        var files = new FileSystem(await guests.DownloadRoot((await World.SnapshotsOf(image))[0]));
        Assert.Equal(replays, await files.NeedsReplay());
        if (replays)
            await files.Replay();
        await files.Check();
        Assert.Equal("kept", await files.Read("/kept"));
    }

    private async Task End(string machine)
    {
        await World.Ec2().TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [machine] }, Cancel);
        await guests.InState(machine, "terminated");
    }
}
