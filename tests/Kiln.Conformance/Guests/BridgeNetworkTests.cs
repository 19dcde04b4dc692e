using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Guests;

/// <summary>Machines of one VPC with their real addresses.</summary>
public sealed class BridgeNetworkTests : IAsyncLifetime
{
    private readonly KilnProcess _kiln = new()
    {
        Guests = "qemu",
        Arguments = ["--guest-network", "bridge", "--guest-memory-mib", "160", "--guest-processors", "1"],
    };

    public async ValueTask InitializeAsync()
    {
        TinyGuest.SkipWhereMissing("bridge");
        try
        {
            await _kiln.InitializeAsync();
        }
        catch (InvalidOperationException refused)
            when (refused.Message.Contains("--guest-network bridge", StringComparison.Ordinal))
        {
            Assert.Skip(refused.Message);
        }
    }

    public async ValueTask DisposeAsync() => await _kiln.DisposeAsync();

    [Fact]
    public async Task Two_machines_of_a_VPC_meet_as_their_security_groups_say()
    {
        var aws = _kiln.Aws();
        var image = await TinyImage.Register(_kiln, "tiny");
        var key = await TinyGuest.NewKey(_kiln, "door");
        var group = await TinyGuest.OpenGroup(_kiln);
        var both = await Task.WhenAll(
            TinyGuest.Launch(_kiln, image, key, "--security-group-ids", group),
            TinyGuest.Launch(_kiln, image, key, "--security-group-ids", group));
        var (one, other) = (both[0], both[1]);

        // Port 22 is open to all, a ping is not.
        Assert.Contains("169.254.169.254", await one.Shell("ip route get 169.254.169.254"), StringComparison.Ordinal);
        Assert.Contains($"inet {one.PrivateIp}/20", await one.Shell("ip addr show eth0"), StringComparison.Ordinal);
        await other.Shell("true");
        Assert.Contains("SSH-2.0", await one.Shell($"nc -w 5 {other.PrivateIp} 22 </dev/null | head -n 1"),
            StringComparison.Ordinal);
        Assert.NotEqual(0, (await one.Ssh($"ping -c 1 -W 2 {other.PrivateIp}")).ExitCode);
        await aws.Json($"ec2 authorize-security-group-ingress --group-id {group} --protocol icmp --port -1"
            + " --cidr 172.31.0.0/16");
        await TinyGuest.Until(async () =>
            (await one.Ssh($"ping -c 1 -W 2 {other.PrivateIp}")).ExitCode == 0 ? null : "no ping yet");

        // Machines outlive Kiln, and their network is taken up again.
        await _kiln.Kill();
        await _kiln.Start();
        await one.Shell($"ping -c 3 -W 2 {other.PrivateIp}");
        await Task.WhenAll(one.Terminate(), other.Terminate());
    }
}
