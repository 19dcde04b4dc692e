using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Network;

public sealed class SecurityGroupTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_group_is_made_described_and_deleted()
    {
        var ec2 = server.Ec2();
        var made = await ec2.CreateSecurityGroupAsync(
            new CreateSecurityGroupRequest { GroupName = "made", Description = "for a test" }, Cancel);

        var found = (await ec2.DescribeSecurityGroupsAsync(new DescribeSecurityGroupsRequest
        {
            Filters = [new Filter("group-name", ["made"]), new Filter("egress.ip-permission.cidr", ["0.0.0.0/0"])],
        }, Cancel)).SecurityGroups.Single();
        Assert.Equal(made.GroupId, found.GroupId);
        Assert.Equal("for a test", found.Description);
        Assert.Empty(found.IpPermissions ?? []);
        Assert.Equal("-1", Assert.Single(found.IpPermissionsEgress).IpProtocol);
        var twice = await Refused("InvalidGroup.Duplicate", () => ec2.CreateSecurityGroupAsync(
            new CreateSecurityGroupRequest { GroupName = "made", Description = "x" }, Cancel));
        Assert.Equal($"The security group 'made' already exists for VPC '{found.VpcId}'", twice);

        await ec2.DeleteSecurityGroupAsync(new DeleteSecurityGroupRequest { GroupId = made.GroupId }, Cancel);
        var gone = await Refused("InvalidGroup.NotFound", () => ec2.DescribeSecurityGroupsAsync(
            new DescribeSecurityGroupsRequest { GroupIds = [made.GroupId] }, Cancel));
        Assert.Equal($"The security group '{made.GroupId}' does not exist", gone);
    }

    [Fact]
    public async Task The_default_group_and_bad_names_are_refused()
    {
        var ec2 = server.Ec2();
        var own = (await ec2.DescribeSecurityGroupsAsync(
            new DescribeSecurityGroupsRequest { GroupNames = ["default"] }, Cancel)).SecurityGroups.Single();

        await Refused("CannotDelete", () => ec2.DeleteSecurityGroupAsync(
            new DeleteSecurityGroupRequest { GroupId = own.GroupId }, Cancel));
        await Refused("InvalidGroup.Reserved", () => Create("default"));
        await Refused("InvalidParameterValue", () => Create("sg-mine"));
        await Refused("InvalidParameterValue", () => Create("umlaut-ü"));
        await Refused("InvalidGroupId.Malformed", () => ec2.DescribeSecurityGroupsAsync(
            new DescribeSecurityGroupsRequest { GroupIds = ["nothing"] }, Cancel));
        await Refused("MissingParameter", () => ec2.DeleteSecurityGroupAsync(new DeleteSecurityGroupRequest(), Cancel));
    }

    [Fact]
    public async Task Rules_come_and_go()
    {
        var ec2 = server.Ec2();
        var group = await Create("rules");
        var ssh = new IpPermission
        {
            IpProtocol = "6", FromPort = 22, ToPort = 22,
            Ipv4Ranges = [new IpRange { CidrIp = "10.1.2.3/8", Description = "office" }],
            Ipv6Ranges = [new Ipv6Range { CidrIpv6 = "2001:DB8::1/32" }],
        };

        var added = await ec2.AuthorizeSecurityGroupIngressAsync(
            new AuthorizeSecurityGroupIngressRequest { GroupId = group, IpPermissions = [ssh] }, Cancel);

        Assert.Equal(["10.0.0.0/8", "2001:db8::/32"],
            added.SecurityGroupRules.Select(r => r.CidrIpv4 ?? r.CidrIpv6).Order());
        Assert.All(added.SecurityGroupRules, r => Assert.Equal("tcp", r.IpProtocol));
        var twice = await Refused("InvalidPermission.Duplicate", () => ec2.AuthorizeSecurityGroupIngressAsync(
            new AuthorizeSecurityGroupIngressRequest { GroupId = group, IpPermissions = [ssh] }, Cancel));
        Assert.Equal(
            "the specified rule \"peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW\" already exists", twice);
        var rules = (await ec2.DescribeSecurityGroupRulesAsync(new DescribeSecurityGroupRulesRequest
        {
            Filters = [new Filter("group-id", [group])],
        }, Cancel)).SecurityGroupRules;
        Assert.Equal(3, rules.Count);

        var gone = await ec2.RevokeSecurityGroupIngressAsync(
            new RevokeSecurityGroupIngressRequest { GroupId = group, IpPermissions = [ssh] }, Cancel);
        Assert.Equal(2, gone.RevokedSecurityGroupRules.Count);
        var unknown = await ec2.RevokeSecurityGroupIngressAsync(
            new RevokeSecurityGroupIngressRequest { GroupId = group, IpPermissions = [ssh] }, Cancel);
        Assert.Equal("tcp", Assert.Single(unknown.UnknownIpPermissions).IpProtocol);
        var egress = rules.Single(r => r.IsEgress == true).SecurityGroupRuleId;
        await ec2.RevokeSecurityGroupEgressAsync(
            new RevokeSecurityGroupEgressRequest { GroupId = group, SecurityGroupRuleIds = [egress] }, Cancel);
        await Refused("InvalidSecurityGroupRuleId.NotFound", () => ec2.RevokeSecurityGroupEgressAsync(
            new RevokeSecurityGroupEgressRequest { GroupId = group, SecurityGroupRuleIds = [egress] }, Cancel));
    }

    [Fact]
    public async Task A_group_that_another_names_cannot_go()
    {
        var ec2 = server.Ec2();
        var (peer, group) = (await Create("peer"), await Create("names-peer"));
        var rule = new IpPermission
        {
            IpProtocol = "-1", UserIdGroupPairs = [new UserIdGroupPair { GroupId = peer }],
        };
        await ec2.AuthorizeSecurityGroupIngressAsync(
            new AuthorizeSecurityGroupIngressRequest { GroupId = group, IpPermissions = [rule] }, Cancel);

        await Refused("DependencyViolation", () => ec2.DeleteSecurityGroupAsync(
            new DeleteSecurityGroupRequest { GroupId = peer }, Cancel));

        await ec2.DeleteSecurityGroupAsync(new DeleteSecurityGroupRequest { GroupId = group }, Cancel);
        await ec2.DeleteSecurityGroupAsync(new DeleteSecurityGroupRequest { GroupId = peer }, Cancel);
    }

    [Theory]
    [InlineData("tcp", 80, 20, "10.0.0.0/8", "InvalidParameterValue")]
    [InlineData("tcp", 0, 65536, "10.0.0.0/8", "InvalidParameterValue")]
    [InlineData("udp", null, 20, "10.0.0.0/8", "MissingParameter")]
    [InlineData("bgp", 1, 20, "10.0.0.0/8", "InvalidParameterValue")]
    [InlineData("icmp", -1, 5, "10.0.0.0/8", "InvalidParameterValue")]
    [InlineData("tcp", 1, 20, "10.0.0.0/33", "InvalidParameterValue")]
    [InlineData("tcp", 1, 20, "010.0.0.0/8", "InvalidParameterValue")]
    [InlineData("tcp", 1, 20, null, "MissingParameter")]
    [InlineData(null, 1, 20, "10.0.0.0/8", "MissingParameter")]
    public async Task A_rule_that_makes_no_sense_is_refused(
        string? protocol, int? from, int? to, string? cidr, string code)
    {
        var ec2 = server.Ec2(TestServer.B);
        var group = (await ec2.DescribeSecurityGroupsAsync(new DescribeSecurityGroupsRequest(), Cancel))
            .SecurityGroups.Single();
        var rule = new IpPermission { IpProtocol = protocol, FromPort = from, ToPort = to };
        if (cidr is not null)
            rule.Ipv4Ranges = [new IpRange { CidrIp = cidr }];

        await Refused(code, () => ec2.AuthorizeSecurityGroupIngressAsync(
            new AuthorizeSecurityGroupIngressRequest { GroupId = group.GroupId, IpPermissions = [rule] }, Cancel));
    }

    private async Task<string> Create(string name) => (await server.Ec2().CreateSecurityGroupAsync(
        new CreateSecurityGroupRequest { GroupName = name, Description = "for a test" }, Cancel)).GroupId;

    private static async Task<string> Refused(string code, Func<Task> act)
    {
        var refusal = await Assert.ThrowsAsync<AmazonEC2Exception>(act);
        Assert.Equal(code, refusal.ErrorCode);
        return refusal.Message;
    }
}
