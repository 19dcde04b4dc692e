using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Iam;

public sealed class IamTests(TestServer server) : IClassFixture<TestServer>
{
    private const string ReadOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";

    [Fact]
    public async Task A_role_is_shown_as_it_was_made()
    {
        var iam = server.Iam();
        await iam.Ok("CreateRole", ("RoleName", "Builder"), ("Path", "/img/"), ("Description", "builds"),
            ("AssumeRolePolicyDocument", Principals.Trust(TestServer.A)),
            ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "os"));
        var role = (await iam.Ok("GetRole", ("RoleName", "Builder"))).Descendants("Role").Single();

        Assert.Equal($"arn:aws:iam::{TestServer.A}:role/img/Builder", role.Element("Arn")!.Value);
        Assert.Equal(Principals.Trust(TestServer.A),
            Uri.UnescapeDataString(role.Element("AssumeRolePolicyDocument")!.Value));
        Assert.Equal("3600", role.Element("MaxSessionDuration")!.Value);
        Assert.Equal("os", role.Descendants("Value").Single().Value);
        Assert.Equal("EntityAlreadyExists", await iam.Refused("CreateRole",
            ("RoleName", "builder"), ("AssumeRolePolicyDocument", Principals.Trust(TestServer.A))));
        var listed = await iam.Ok("ListRoles", ("PathPrefix", "/img/"));
        Assert.Equal("Builder", Assert.Single(listed.Descendants("RoleName")).Value);
        Assert.Equal("NoSuchEntity", await server.Iam(TestServer.B).Refused("GetRole", ("RoleName", "Builder")));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*","Principal":"*"}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"nobody"}}}""")]
    [InlineData(
        """
        {"Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"AWS":"arn:aws:iam::111111111111:role/no"}}}
        """)]
    public async Task A_malformed_trust_policy_is_refused(string trust) => Assert.Equal(
        "MalformedPolicyDocument",
        await server.Iam().Refused("CreateRole", ("RoleName", "bad"), ("AssumeRolePolicyDocument", trust)));

    [Fact]
    public async Task A_user_acts_within_its_policies_until_they_go()
    {
        var iam = server.Iam();
        await iam.Ok("CreateUser", ("UserName", "alice"));
        var made = await iam.Ok("CreateAccessKey", ("UserName", "alice"));
        var key = made.Descendants("AccessKeyId").Single().Value;
        var alice = new QueryClient(server.Server.Url, "iam", "2010-05-08", key,
            made.Descendants("SecretAccessKey").Single().Value) { Region = "aws-global" };

        Assert.Equal("AccessDenied", await alice.Refused("ListUsers"));
        await iam.Ok("AttachUserPolicy", ("UserName", "alice"), ("PolicyArn", ReadOnly));
        Assert.Equal("alice", (await alice.Ok("GetUser")).Descendants("UserName").Single().Value);
        Assert.Equal("AccessDenied", await alice.Refused("CreateUser", ("UserName", "bob")));
        await iam.Ok("PutUserPolicy", ("UserName", "alice"), ("PolicyName", "deny"),
            ("PolicyDocument", """{"Statement":{"Effect":"Deny","Action":"iam:Get*","Resource":"*"}}"""));
        Assert.Equal("AccessDenied", await alice.Refused("GetUser"));

        Assert.Equal("DeleteConflict", await iam.Refused("DeleteUser", ("UserName", "alice")));
        await iam.Ok("DeleteAccessKey", ("UserName", "alice"), ("AccessKeyId", key));
        Assert.Equal("InvalidClientTokenId", await alice.Refused("ListUsers"));
        await iam.Ok("DeleteUserPolicy", ("UserName", "alice"), ("PolicyName", "deny"));
        Assert.Equal("DeleteConflict", await iam.Refused("DeleteUser", ("UserName", "alice")));
        await iam.Ok("DetachUserPolicy", ("UserName", "alice"), ("PolicyArn", ReadOnly));
        await iam.Ok("DeleteUser", ("UserName", "alice"));
    }

    [Fact]
    public async Task A_lasting_key_takes_no_session_token()
    {
        await server.Iam().Ok("CreateUser", ("UserName", "tokenless"));
        var made = await server.Iam().Ok("CreateAccessKey", ("UserName", "tokenless"));
        var user = new QueryClient(server.Server.Url, "sts", "2011-06-15",
            made.Descendants("AccessKeyId").Single().Value, made.Descendants("SecretAccessKey").Single().Value,
            token: "of-somebody-else");

        Assert.Equal("InvalidClientTokenId", await user.Refused("GetCallerIdentity"));
    }

    [Fact]
    public async Task A_managed_policy_is_attached_shown_and_kept_while_it_is_used()
    {
        var iam = server.Iam();
        await server.Role(TestServer.A, "managed");
        var made = await iam.Ok("CreatePolicy",
            ("PolicyName", "describe"), ("PolicyDocument", Principals.Allow("ec2:Describe*")));
        var arn = made.Descendants("Arn").Single().Value;
        await iam.Ok("AttachRolePolicy", ("RoleName", "managed"), ("PolicyArn", arn));

        var attached = await iam.Ok("ListAttachedRolePolicies", ("RoleName", "managed"));
        Assert.Equal("describe", attached.Descendants("PolicyName").Single().Value);
        var version = await iam.Ok("GetPolicyVersion", ("PolicyArn", arn), ("VersionId", "v1"));
        Assert.Equal(Principals.Allow("ec2:Describe*"),
            Uri.UnescapeDataString(version.Descendants("Document").Single().Value));
        Assert.Equal("DeleteConflict", await iam.Refused("DeletePolicy", ("PolicyArn", arn)));
        Assert.Equal("NoSuchEntity",
            await server.Iam(TestServer.B).Refused("GetPolicy", ("PolicyArn", arn)));
        await iam.Ok("DetachRolePolicy", ("RoleName", "managed"), ("PolicyArn", arn));
        await iam.Ok("DeletePolicy", ("PolicyArn", arn));
    }

    [Fact]
    public async Task An_instance_profile_holds_one_role()
    {
        var iam = server.Iam();
        await server.Role(TestServer.A, "inside");
        await iam.Ok("CreateInstanceProfile", ("InstanceProfileName", "web"));
        await iam.Ok("AddRoleToInstanceProfile", ("InstanceProfileName", "web"), ("RoleName", "inside"));

        var shown = await iam.Ok("GetInstanceProfile", ("InstanceProfileName", "web"));
        Assert.Equal("inside", shown.Descendants("RoleName").Single().Value);
        Assert.Equal("LimitExceeded", await iam.Refused(
            "AddRoleToInstanceProfile", ("InstanceProfileName", "web"), ("RoleName", "inside")));
        Assert.Equal("DeleteConflict", await iam.Refused("DeleteRole", ("RoleName", "inside")));
        Assert.Equal("DeleteConflict", await iam.Refused("DeleteInstanceProfile", ("InstanceProfileName", "web")));
        await iam.Ok("RemoveRoleFromInstanceProfile", ("InstanceProfileName", "web"), ("RoleName", "inside"));
        await iam.Ok("DeleteInstanceProfile", ("InstanceProfileName", "web"));
        await iam.Ok("DeleteRole", ("RoleName", "inside"));
    }

    [Fact]
    public async Task Roles_come_in_pages()
    {
        var iam = server.Iam(TestServer.C);
        for (var i = 0; i < 5; i++)
            await server.Role(TestServer.C, $"page-{i}");
        var first = await iam.Ok("ListRoles", ("MaxItems", "3"));
        var marker = first.Descendants("Marker").Single().Value;
        var second = await iam.Ok("ListRoles", ("MaxItems", "3"), ("Marker", marker));

        Assert.Equal("true", first.Descendants("IsTruncated").Single().Value);
        Assert.Equal("false", second.Descendants("IsTruncated").Single().Value);
        var names = first.Descendants("RoleName").Concat(second.Descendants("RoleName")).Select(r => r.Value);
        Assert.Equal(5, names.Distinct().Count());
        Assert.Equal("ValidationError", await iam.Refused("ListRoles", ("Marker", "nonsense")));
    }
}
