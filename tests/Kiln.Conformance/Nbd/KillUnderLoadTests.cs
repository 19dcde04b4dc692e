using System.Globalization;
using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;
using Kiln.Tests.Blocks.Nbd;

namespace Kiln.Conformance.Nbd;

/// <summary>kill -9 of a service whose volume several connections write to: whatever a flush on any of them covered is
/// there afterwards, and nothing shows that nobody wrote.</summary>
public sealed class KillUnderLoadTests : IAsyncLifetime
{
    // More on demand: KILN_TEST_KILLS=200.
    private static readonly int Kills = int.TryParse(
        Environment.GetEnvironmentVariable("KILN_TEST_KILLS"), CultureInfo.InvariantCulture, out var more) ? more : 2;

    private const int Writers = 3;
    private readonly World _world = new() { Kiln = new KilnProcess() };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Socket => Path.Combine(_world.Kiln.DataFolder, "nbd.sock");

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task What_a_flush_covered_outlives_kill_9()
    {
        var ec2 = _world.Ec2();
        var volume = (await ec2.CreateVolumeAsync(
            new CreateVolumeRequest { AvailabilityZone = KilnProcess.R1 + "a", Size = 1 }, Cancel)).Volume.VolumeId;
        await World.Eventually(
            async () => (await ec2.DescribeVolumesAsync(
                new DescribeVolumesRequest { VolumeIds = [volume] }, Cancel)).Volumes[0],
            v => v.State == VolumeState.Available);
        var random = new Random(17);
        var expected = new WrittenUnits();
        for (var round = 0; round < Kills; round++)
        {
            var writers = Enumerable.Range(0, Writers).Select(who => Task.Factory.StartNew(
                () => Write(volume, expected, who, new Random((round * Writers) + who)), Cancel,
                TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
            var until = expected.Acknowledged + random.Next(100, 1500);
            while (expected.Acknowledged < until && !writers.Any(w => w.IsCompleted))
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, Cancel);

            // A cut in the middle of it all: the newest layer is then another one.
            var cut = round % 2 == 0
                ? ec2.CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel) : null;
            if (random.Next(2) == 0 && cut is not null) await cut;
            await _world.Kiln.Kill();
            await Task.WhenAll(writers);
            if (cut is not null) await Task.WhenAny(cut);
            await _world.Kiln.Start();
            using var reader = new NbdClient(Socket, volume);
            expected.Check(offset => reader.Call(NbdClient.Read, offset, WrittenUnits.Bytes).Data);
        }

        Assert.True(expected.Flushes > 0, "no flush was answered");
    }

    // Until the connection drops: a few units, now and then a flush of everything that anybody wrote.
    private void Write(string volume, WrittenUnits expected, int who, Random random)
    {
        try
        {
            using var client = new NbdClient(Socket, volume);
            while (true)
            {
                if (random.Next(12) == 0)
                {
                    var covered = expected.BeginFlush();
                    Assert.Equal(0u, client.Call(NbdClient.Flush, 0, 0).Error);
                    expected.EndFlush(covered);
                    continue;
                }

                // Each writer has units of its own, but they share sectors with those of the others.
                var unit = (random.Next(WrittenUnits.Count / Writers) * Writers) + who;
                var fua = random.Next(20) == 0;
                var bytes = expected.Begin(unit);
                Assert.Equal(0u, client.Call(
                    NbdClient.Write, WrittenUnits.OffsetOf(unit), bytes.Length, fua ? NbdClient.Fua : (ushort)0,
                    bytes).Error);
                expected.End(unit, fua);
            }
        }
        catch (Exception e) when (e is EndOfStreamException or System.Net.Sockets.SocketException)
        {
            // The service died, as it should.
        }
    }
}
