using Kiln.Service.Calls;

namespace Kiln.Tests.Calls;

public sealed class KnownOperationsTests
{
    [Theory]
    [InlineData("ec2", "CreateImage", true)]
    [InlineData("ec2", "CreateVpnGateway", true)]
    [InlineData("ebs", "PutSnapshotBlock", true)]
    [InlineData("sts", "GetCallerIdentity", true)]
    [InlineData("ec2", "createImage", false)]
    [InlineData("ec2", "MakeCoffee", false)]
    [InlineData("ebs", "CreateImage", false)]
    [InlineData("nowhere", "CreateImage", false)]
    public void Knows_what_AWS_has(string service, string operation, bool known) =>
        Assert.Equal(known, KnownOperations.Contains(service, operation));

    [Fact]
    public void Every_service_of_the_list_has_operations() =>
        Assert.All(KnownOperations.Services, service => Assert.NotEmpty(KnownOperations.Of(service)));
}
