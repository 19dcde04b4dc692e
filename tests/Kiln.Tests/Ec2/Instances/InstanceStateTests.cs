using Kiln.Service.Ec2.Instances;

namespace Kiln.Tests.Ec2.Instances;

public sealed class InstanceStateTests
{
    private static readonly HashSet<(InstanceState, InstanceState)> Legal =
    [
        (InstanceState.Pending, InstanceState.Running), (InstanceState.Pending, InstanceState.ShuttingDown),
        (InstanceState.Pending, InstanceState.Terminated), (InstanceState.Pending, InstanceState.Stopped),
        (InstanceState.Running, InstanceState.Stopping), (InstanceState.Running, InstanceState.ShuttingDown),
        (InstanceState.Running, InstanceState.Stopped), (InstanceState.Stopping, InstanceState.Stopped),
        (InstanceState.Stopping, InstanceState.ShuttingDown), (InstanceState.Stopped, InstanceState.Pending),
        (InstanceState.Stopped, InstanceState.ShuttingDown), (InstanceState.ShuttingDown, InstanceState.Terminated),
    ];

    public static TheoryData<InstanceState, InstanceState> Pairs()
    {
        var pairs = new TheoryData<InstanceState, InstanceState>();
        foreach (var from in Enum.GetValues<InstanceState>())
            foreach (var to in Enum.GetValues<InstanceState>())
                pairs.Add(from, to);
        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Only_the_tables_changes_are_legal(InstanceState from, InstanceState to) =>
        Assert.Equal(Legal.Contains((from, to)), Instance.MayBecome(from, to));
}
