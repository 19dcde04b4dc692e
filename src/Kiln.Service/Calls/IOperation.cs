namespace Kiln.Service.Calls;

/// <summary>One AWS operation. Made anew for each call, with what its constructor asks for.</summary>
/// <typeparam name="TRequest">The request record: the class's nested <c>Request</c>.</typeparam>
/// <typeparam name="TResponse">The response record: the class's nested <c>Response</c>.</typeparam>
/// <remarks>
/// An operation changes nothing outside the database and commits once, at its end: rows and intent together. The
/// pipeline may therefore run it again when another call changed the same rows meanwhile.
/// </remarks>
public interface IOperation<in TRequest, TResponse>
    where TRequest : class
    where TResponse : class
{
    /// <summary>Validates, authorises, changes rows, commits and answers.</summary>
    /// <exception cref="Protocol.Errors.AwsException">The call is refused; nothing has changed.</exception>
    Task<TResponse> Handle(TRequest request, Call call, CancellationToken cancel);
}
