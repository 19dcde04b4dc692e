using System.Globalization;
using System.Text;
using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;
using Kiln.Service.Ec2.Instances.Guests;

namespace Kiln.Conformance.Guests;

/// <summary>What a machine is to its owner: disks that come and go, a console, a screen, an end.</summary>
[Collection("guests")]
public sealed class MachineTests(GuestWorld guests)
{
    private World World => guests.World;

    private AmazonEC2Client Ec2 => World.Ec2();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Disks_come_grow_and_go_and_the_machine_is_seen_and_heard()
    {
        await guests.Ready();
        var machine = await guests.Boot(more: r => r.BlockDeviceMappings =
            [new BlockDeviceMapping { DeviceName = "/dev/xvda", Ebs = new EbsBlockDevice { VolumeSize = 3 } }]);
        var id = machine.InstanceId;
        // The root file system has grown into the larger volume.
        Assert.Equal("3", await guests.Run(id, "df -k / | awk 'NR == 2 { print int($2 / 1000000 + 0.5) }'"));

        var volume = await NewVolume(machine);
        await Ec2.AttachVolumeAsync(new AttachVolumeRequest
        {
            Device = "/dev/sdf", InstanceId = id, VolumeId = volume,
        }, Cancel);
        await World.Eventually(() => guests.Run(id, "cat /sys/block/vdb/serial 2>/dev/null; true"),
            serial => serial == volume.Replace("-", "", StringComparison.Ordinal));
        await guests.Run(id, "mkfs.ext4 -q /dev/vdb && mount /dev/vdb /mnt && echo here > /mnt/file && sync");
        await Ec2.ModifyVolumeAsync(new ModifyVolumeRequest { VolumeId = volume, Size = 2 }, Cancel);
        await World.Eventually(() => guests.Run(id, "cat /sys/block/vdb/size"), size => size == "4194304");
        await guests.Run(id, "resize2fs /dev/vdb >/dev/null 2>&1 && umount /mnt");
        await Ec2.DetachVolumeAsync(new DetachVolumeRequest { VolumeId = volume }, Cancel);
        await VolumeIs(volume, "available");
        Assert.Equal("gone", await guests.Run(id, "[ -e /dev/vdb ] || echo gone"));
        var snapshot = (await Ec2.CreateSnapshotAsync(
            new CreateSnapshotRequest { VolumeId = volume }, Cancel)).Snapshot;
        var files = new FileSystem(await guests.Download(snapshot.SnapshotId), Offset: 0);
        await files.Check();
        Assert.Equal("here", await files.Read("/file"));

        var status = await World.Eventually(() => StatusOf(id), s => s.Status.Status == "ok");
        Assert.Equal("ok", status.SystemStatus.Status.Value);
        await guests.Run(id, "echo hello from inside > /dev/console");
        await World.Eventually(
            async () => Encoding.UTF8.GetString(Convert.FromBase64String((await Ec2.GetConsoleOutputAsync(
                new GetConsoleOutputRequest { InstanceId = id, Latest = true }, Cancel)).Output)),
            text => text.Contains("hello from inside", StringComparison.Ordinal));
        var picture = Convert.FromBase64String((await Ec2.GetConsoleScreenshotAsync(
            new GetConsoleScreenshotRequest { InstanceId = id }, Cancel)).ImageData);
        Assert.Equal([0xFF, 0xD8, 0xFF], picture[..3]);
        Assert.Equal([0xFF, 0xD9], picture[^2..]);
        await Ec2.SendDiagnosticInterruptAsync(new SendDiagnosticInterruptRequest { InstanceId = id }, Cancel);
        await World.Eventually(() => guests.Run(id, "dmesg | grep -c NMI || true"), n => n != "0");

        await HarmsNobody(id);
        await Ec2.RebootInstancesAsync(new RebootInstancesRequest { InstanceIds = [id] }, Cancel);
        await World.Eventually(() => Task.FromResult(guests.Journal(id)), words => words.Contains("reset"));
        await guests.Awake(id);

        await guests.Run(id, "(sleep 0.2; poweroff) >/dev/null 2>&1 &");
        var stopped = await guests.InState(id, "stopped");
        Assert.Equal("Client.InstanceInitiatedShutdown", stopped.StateReason.Code);
        await Ec2.TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [id] }, Cancel);
        await guests.InState(id, "terminated");
    }

    /// <summary>A guest that opens connections to its metadata without end, and fills its console.</summary>
    private async Task HarmsNobody(string id)
    {
        await guests.Run(id, """
            exec >/dev/null 2>&1
            mkfifo /run/held; (sleep 120 >/run/held) &
            (n=0; while [ $((n+=1)) -le 300 ]; do nc 169.254.169.254 80 </run/held & done) &
            (head -c 600000 /dev/zero | tr '\0' x; echo; echo filled) >/dev/console &
            """);
        var most = 0;
        var console = new FileInfo(guests.FolderOf(id).ConsoleLog);
        await World.Eventually(() =>
        {
            most = Math.Max(most, guests.RelaysOf(id));
            return File.ReadAllTextAsync(console.FullName, Cancel);
        }, text => text.EndsWith("filled\r\n", StringComparison.Ordinal));
        await World.Eventually(() => Task.FromResult(new FileInfo(console.FullName).Length), l => l <= 512 * 1024);
        Assert.InRange(most, 1, 256);
        await guests.Run(id, "killall sleep nc; printf 'GET / HTTP/1.0\r\n\r\n' | nc 169.254.169.254 80 | grep -q 200");
    }

    [Fact]
    public async Task A_volume_is_taken_by_force_from_a_machine_that_does_not_let_go()
    {
        await guests.Ready();
        // Nothing boots from this disk: the machine sits at its firmware, which answers nobody.
        var machine = await World.Launch(await World.Golden(901));
        var volume = await NewVolume(machine);
        await Ec2.AttachVolumeAsync(new AttachVolumeRequest
        {
            Device = "/dev/sdf", InstanceId = machine.InstanceId, VolumeId = volume,
        }, Cancel);
        await VolumeIs(volume, "in-use");
        await World.Eventually(() => Attachment(volume), a => a?.State == VolumeAttachmentState.Attached);
        await Ec2.DetachVolumeAsync(new DetachVolumeRequest { VolumeId = volume, Force = true }, Cancel);
        await VolumeIs(volume, "available");
        await Ec2.DeleteVolumeAsync(new DeleteVolumeRequest { VolumeId = volume }, Cancel);

        // A process that dies is a machine that stopped, and not by anybody's wish.
        await Signal(machine.InstanceId, "KILL");
        var stopped = await guests.InState(machine.InstanceId, "stopped");
        Assert.Equal("Server.InternalError", stopped.StateReason.Code);
    }

    [Fact]
    public async Task A_machine_that_nothing_boots_in_stops_at_once()
    {
        await guests.Ready();
        var machine = (await World.Launch(await World.Golden(904))).InstanceId;
        await Ec2.StopInstancesAsync(new StopInstancesRequest { InstanceIds = [machine] }, Cancel);
        await guests.InState(machine, "stopped");
        var pulled = GuestJournal.Read(guests.FolderOf(machine))
            .Single(l => l.Contains("plug pulled", StringComparison.Ordinal));
        Assert.Contains("nothing has booted in it", pulled, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_that_neither_stops_nor_answers_keeps_its_volume_until_the_plug_is_pulled()
    {
        await guests.Ready();
        var image = await World.Register(await World.Disk(903, boots: DeafBootSector()));
        var machine = (await World.Launch(image)).InstanceId;
        var volume = await NewVolume(await guests.InState(machine, "running"));
        await Signal(machine, "STOP");
        var unanswered = await Task.WhenAll(
            World.Refused(() => Ec2.GetConsoleScreenshotAsync(
                new GetConsoleScreenshotRequest { InstanceId = machine }, Cancel)),
            World.Refused(() => Ec2.SendDiagnosticInterruptAsync(
                new SendDiagnosticInterruptRequest { InstanceId = machine }, Cancel)));
        Assert.All(unanswered, refusal => Assert.Equal("IncorrectState", refusal.ErrorCode));
        await Signal(machine, "CONT");
        await Ec2.AttachVolumeAsync(new AttachVolumeRequest
        {
            Device = "/dev/sdf", InstanceId = machine, VolumeId = volume,
        }, Cancel);
        await World.Eventually(() => Attachment(volume), a => a?.State == VolumeAttachmentState.Attached);
        await Ec2.StopInstancesAsync(new StopInstancesRequest { InstanceIds = [machine] }, Cancel);
        await Ec2.DetachVolumeAsync(new DetachVolumeRequest { VolumeId = volume }, Cancel);
        await Signal(machine, "STOP");
        await Ec2.StopInstancesAsync(new StopInstancesRequest { InstanceIds = [machine], Force = true }, Cancel);
        await VolumeIs(volume, "available");
        Assert.Equal(0, guests.ProcessOf(machine));
        await guests.InState(machine, "stopped");
    }

    [Fact, Claim("C008")]
    public async Task Machines_of_one_image_begin_with_equal_disks()
    {
        await guests.Ready();
        var image = await World.Golden(902);
        var launched = (await Ec2.RunInstancesAsync(new RunInstancesRequest
        {
            ImageId = image, InstanceType = "t3.micro", MinCount = 5, MaxCount = 5,
        }, Cancel)).Reservation.Instances;
        foreach (var instance in launched)
        {
            var running = await World.InState(instance.InstanceId, "running");
            Assert.Equal(World.DigestOf(902), await World.VolumeDigest(World.VolumeAt(running)));
        }
        await Ec2.TerminateInstancesAsync(new TerminateInstancesRequest
        {
            InstanceIds = [.. launched.Select(i => i.InstanceId)],
        }, Cancel);
        foreach (var instance in launched)
            await World.InState(instance.InstanceId, "terminated");
    }

    [Fact, Claim("C108")]
    public async Task Without_the_key_of_an_encrypted_image_no_machine_starts()
    {
        await guests.Ready();
        var kms = World.Kms();
        var key = (await kms.CreateKeyAsync(new Amazon.KeyManagementService.Model.CreateKeyRequest(), Cancel))
            .KeyMetadata.Arn;
        var image = await World.Register(await World.Disk(903, encrypted: true, key: key));
        await World.Share(image, KilnProcess.B);
        var refused = (await World.Ec2(KilnProcess.B).RunInstancesAsync(new RunInstancesRequest
        {
            ImageId = image, InstanceType = "t3.micro", MinCount = 1, MaxCount = 1,
        }, Cancel)).Reservation.Instances[0].InstanceId;
        var ended = await World.InState(refused, "terminated", KilnProcess.B);
        Assert.Equal("Client.InternalError", ended.StateReason.Code);
        Assert.Equal(0, guests.ProcessOf(refused));

        var ours = await World.Launch(image);
        Assert.NotEqual(0, guests.ProcessOf(ours.InstanceId));
        await Ec2.TerminateInstancesAsync(
            new TerminateInstancesRequest { InstanceIds = [ours.InstanceId] }, Cancel);
    }

    // Switches interrupts off and sleeps: something has booted, and hears no button.
    private static byte[] DeafBootSector()
    {
        var sector = new byte[512];
        byte[] code = [0xFA, 0xF4, 0xEB, 0xFC];
        code.CopyTo(sector, 0);
        (sector[510], sector[511]) = (0x55, 0xAA);
        return sector;
    }

    private Task Signal(string machine, string signal) => Command.Run(
        "kill", ["-" + signal, guests.ProcessOf(machine).ToString(CultureInfo.InvariantCulture)]);

    private async Task<string> NewVolume(Instance machine)
    {
        var volume = (await Ec2.CreateVolumeAsync(new CreateVolumeRequest
        {
            AvailabilityZone = machine.Placement.AvailabilityZone, Size = 1, VolumeType = "gp3",
        }, Cancel)).Volume.VolumeId;
        await VolumeIs(volume, "available");
        return volume;
    }

    private Task VolumeIs(string volume, string state) => World.Eventually(
        async () => (await Ec2.DescribeVolumesAsync(
            new DescribeVolumesRequest { VolumeIds = [volume] }, Cancel)).Volumes[0],
        v => v.State.Value == state);

    private async Task<VolumeAttachment?> Attachment(string volume) => (await Ec2.DescribeVolumesAsync(
        new DescribeVolumesRequest { VolumeIds = [volume] }, Cancel)).Volumes[0].Attachments.FirstOrDefault();

    private async Task<InstanceStatus> StatusOf(string id) => Assert.Single((await Ec2.DescribeInstanceStatusAsync(
        new DescribeInstanceStatusRequest { InstanceIds = [id] }, Cancel)).InstanceStatuses);
}
