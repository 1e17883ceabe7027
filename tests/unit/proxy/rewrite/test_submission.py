"""What goes in and what comes out, as values."""

import pickle

import pytest

from proxy.message.work_budget import BudgetExceeded
from proxy.policy.reasons import Untouched
from proxy.rewrite.submission import Fault, Step
from proxy.signing.signer import SigningError


def failed(error: Exception) -> Fault:
    """Return what a step makes of an error."""
    with pytest.raises(Fault) as fault, Step(Untouched.PLAN_FAILED):
        raise error
    return fault.value


def test_a_fault_names_its_step_and_its_cause():
    """For the log, and for who decides what to do."""
    fault = failed(ValueError("odd"))
    assert fault.reason == Untouched.PLAN_FAILED
    assert str(fault.__cause__) == "odd"


def test_a_message_that_cannot_be_signed_is_its_own_reason():
    """In whichever step that is noticed."""
    assert failed(SigningError("no")).reason == Untouched.SIGNING_FAILED


def test_work_that_is_broken_off_is_no_fault():
    """Nothing is wrong with the message; it is begun anew elsewhere."""
    with pytest.raises(BudgetExceeded), Step(Untouched.PLAN_FAILED):
        raise BudgetExceeded


def test_a_step_that_succeeds_goes_on():
    """One serves all messages, whatever became of those before."""
    planning = Step(Untouched.PLAN_FAILED)
    with pytest.raises(Fault), planning:
        raise ValueError
    with planning:
        done = True
    assert done


def test_a_fault_travels_between_processes():
    """Large messages are worked on in another one."""
    assert pickle.loads(pickle.dumps(Fault(Untouched.PLAN_FAILED))).reason == Untouched.PLAN_FAILED
