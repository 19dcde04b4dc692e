using System.Globalization;
using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Guests;

/// <summary>Machines under write load, and what does not hurt them: a cut, a kill of Kiln, a freeze that nobody
/// ended.</summary>
/// <remarks>A few rounds each; KILN_TEST_CUTS, KILN_TEST_STOPS and KILN_TEST_KILLS ask for more (the experiments' 20,
/// 20 and 50).</remarks>
[Collection("guests")]
public sealed class SurvivalTests(GuestWorld guests)
{
    private static readonly int Cuts = Rounds("KILN_TEST_CUTS", 2);
    private static readonly int Stops = Rounds("KILN_TEST_STOPS", 1);
    private static readonly int Kills = Rounds("KILN_TEST_KILLS", 2);

    // Writes each number to the first disk and then to the second, and only then the next one: no instant has a second
    // disk that is ahead. What /run/done says was flushed.
    private const string Writer = """
        mount /dev/vdb /mnt 2>/dev/null || { mkfs.ext4 -q /dev/vdb && mount /dev/vdb /mnt; }
        touch /log /mnt/log; n=$(wc -l </log); [ "$n" = "$(wc -l </mnt/log)" ] || echo "$n" >> /mnt/log
        (while true; do n=$((n+1)); echo $n >> /log; sync /log; echo $n >> /mnt/log; sync /mnt/log
        echo $n > /run/done; cp /bin/busybox /w.$((n%5)); rm -f /w.$(((n+2)%5)); done) >/dev/null 2>&1 &
        sleep 1
        """;

    private World World => guests.World;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact, Claim("C019"), Claim("C021")]
    public async Task Every_cut_under_load_is_one_instant_clean_when_frozen_and_replayed_when_not()
    {
        await guests.Ready();
        var machine = await Loaded();
        for (var round = 0; round < Cuts; round++)
            await IsOneInstant(await World.ImageOf(machine), frozen: true);
        Assert.Equal(Cuts, guests.Journal(machine).Count(w => w == "freeze"));

        // An agent that dies while all is frozen: the one after it is told to thaw.
        await guests.Run(machine, "cp /bin/busybox /run/; (until [ -e /run/qga.state.isfrozen ]; do :; done;"
            + " /run/busybox killall -9 qemu-ga) >/dev/null 2>&1 &");
        await World.ImageOf(machine);
        await guests.Awake(machine);
        await guests.Run(machine, "echo after > /after; sync");

        // Nobody inside answers any more.
        await guests.Run(machine, "(sleep 0.2; killall -STOP qemu-ga) >/dev/null 2>&1 &");
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, Cancel);
        var freezes = guests.Journal(machine).Count(w => w == "freeze");
        for (var round = 0; round < Cuts; round++)
            await IsOneInstant(await World.ImageOf(machine), frozen: false);
        Assert.Equal(freezes, guests.Journal(machine).Count(w => w == "freeze"));
        await End(machine);
    }

    [Fact, Claim("C068")]
    public async Task A_stop_under_load_leaves_file_systems_clean()
    {
        await guests.Ready();
        var machine = await Loaded();
        var flushed = 0;
        for (var round = 0; round < Stops; round++)
        {
            if (round > 0)
            {
                await World.Ec2().StartInstancesAsync(
                    new StartInstancesRequest { InstanceIds = [machine] }, Cancel);
                await guests.Awake(machine);
                await guests.Run(machine, Writer);
            }
            flushed = await World.Eventually(() => Done(machine), done => done > flushed + 2);
            await World.Ec2().StopInstancesAsync(new StopInstancesRequest { InstanceIds = [machine] }, Cancel);
            await guests.InState(machine, "stopped");
            var (first, _) = await IsOneInstant(await World.ImageOf(machine), frozen: true);
            Assert.True(first >= flushed, $"{flushed} was flushed, {first} is there.");
        }
        await End(machine);
    }

    [Fact]
    public async Task A_machine_under_load_survives_the_kill_of_Kiln_and_loses_nothing()
    {
        await guests.Ready();
        var machine = await Loaded();
        var process = guests.ProcessOf(machine);
        var flushed = 0;
        for (var round = 0; round < Kills; round++)
        {
            await World.Kiln.Kill();
            await World.Kiln.Start();
            // It goes on writing, which it can only when its disks are back.
            var before = await Done(machine);
            Assert.True(before >= flushed);
            flushed = await World.Eventually(() => Done(machine), done => done > before + 2);
        }
        Assert.Equal(process, guests.ProcessOf(machine));
        Assert.Equal("", await guests.Run(machine, "dmesg | grep -iE 'i/o error|ext4-fs error|aborting' || true"));
        Assert.Equal("running", (await World.InState(machine, "running")).State.Name.Value);
        var image = await World.ImageOf(machine);
        var (first, _) = await IsOneInstant(image, frozen: true);
        Assert.True(first >= flushed, $"{flushed} was flushed, {first} is there.");

        // A service that dies between freeze and thaw: the next one thaws.
        using var agent = guests.Agent(machine);
        var frozen = await agent.Freeze(_ => { }, Cancel);
        await World.Kiln.Kill();
        await World.Kiln.Start();
        await World.Eventually(() => IsFrozen(machine), isFrozen => !isFrozen);
        await frozen.DisposeAsync();
        await End(machine);
    }

    private async Task<bool> IsFrozen(string machine)
    {
        using var agent = guests.Agent(machine);
        return await agent.IsFrozen(Cancel);
    }

    private async Task<string> Loaded()
    {
        var booted = await guests.Boot(more: r => r.BlockDeviceMappings =
            [new BlockDeviceMapping { DeviceName = "/dev/sdf", Ebs = new EbsBlockDevice { VolumeSize = 1 } }]);
        var machine = booted.InstanceId;
        await guests.Run(machine, Writer);
        return machine;
    }

    private async Task<int> Done(string machine) => int.TryParse(
        await guests.Run(machine, "cat /run/done 2>/dev/null; true"), CultureInfo.InvariantCulture, out var n) ? n : 0;

    /// <summary>The last numbers on the two disks.</summary>
    private async Task<(int First, int Second)> IsOneInstant(string image, bool frozen)
    {
        var mapping = (await World.Describe(image)).BlockDeviceMappings.ToDictionary(
            m => m.DeviceName, m => m.Ebs.SnapshotId);
        var first = await Last(new FileSystem(await guests.DownloadRoot(mapping["/dev/xvda"])), frozen);
        var second = await Last(new FileSystem(await guests.Download(mapping["/dev/sdf"]), Offset: 0), frozen);
        Assert.InRange(first - second, 0, 1);
        return (first, second);
    }

    // Every number from the first to the last, none torn, in a sound file system.
    private static async Task<int> Last(FileSystem files, bool frozen)
    {
        Assert.Equal(!frozen, await files.NeedsReplay());
        if (!frozen)
            await files.Replay();
        await files.Check();
        var numbers = (await files.Read("/log")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            Enumerable.Range(1, numbers.Length).Select(n => n.ToString(CultureInfo.InvariantCulture)), numbers);
        File.Delete(files.Disk);
        return numbers.Length;
    }

    private async Task End(string machine)
    {
        await World.Ec2().TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [machine] }, Cancel);
        await guests.InState(machine, "terminated");
    }

    private static int Rounds(string variable, int usual) => int.TryParse(
        Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var given) ? given : usual;
}
